"""What everyone cooks: the height of a float on a pond. As a program, it cooks one item from a file to a file."""

import sys

NAMES = ["damping", "height", "speed", "stiffness"]


def ripple(damping, height, speed, stiffness, steps):
    """Return the height at eight moments, each *steps* steps of integration after the last."""
    step = 0.5 / steps
    heights = []
    for _ in range(8):
        for _ in range(steps):
            speed -= (stiffness * height + damping * speed) * step
            height += speed * step
        heights.append(height)
    return heights


def count_cook():
    """Add a byte to the file `cooked` of the working directory, so that cooks are counted alike for everyone."""
    with open("cooked", "ab", buffering=0) as file:
        file.write(b".")


def main(source, output):
    with open(source) as file:
        *row, steps = file.read().split()
    row = [float(number) for number in row]
    heights = ripple(*row, int(steps))
    count_cook()
    with open(output, "w") as file:
        file.write(" ".join(map(repr, [*row, *heights])))


if __name__ == "__main__":
    main(*sys.argv[1:])
