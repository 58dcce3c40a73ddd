"""Kernels: the functions of two inputs of which a kernel regressor is a weighted sum.

With x.y for the mean product of two inputs x and y, over their n_in numbers, and the keys of ``training:``:

- ``gaussian``: exp(-(RMS of x - y / kernel_width)^2)
- ``polynomial``: (kernel_scale * x.y + kernel_offset)^kernel_degree
- ``sigmoid``: tanh(kernel_scale * x.y + kernel_offset)

Houdini's kernels have these parameters with sums over the numbers of an input. Means make the same settings fit
inputs of any width; a width or scale of 1 is scikit-learn's own choice of gamma.
"""

import numpy as np

from geokiln.errors import UserError

NAMES = {"gaussian": "rbf", "polynomial": "poly", "sigmoid": "sigmoid"}  # as scikit-learn calls them


def parameters(settings, examples):
    """Return scikit-learn's gamma of a kernel of examples (n_examples, n_in), and coef0 and degree where it has them.

    A polynomial's base is divided by its `unit`.

    Raises
    ------
    UserError
        If there is no such kernel.
    """
    kernel, n_in = settings["kernel"], examples.shape[1]
    if kernel not in NAMES:
        raise UserError(f"training.kernel: {kernel!r} is none of {', '.join(NAMES)}")
    if kernel == "gaussian":
        return {"gamma": settings["kernel_width"] ** -2.0 / n_in}
    size = unit(settings, examples)
    scaled = {"gamma": settings["kernel_scale"] / n_in / size, "coef0": settings["kernel_offset"] / size}
    return {**scaled, "degree": settings["kernel_degree"]} if kernel == "polynomial" else scaled


def unit(settings, examples):
    """Return the largest base of a polynomial of an example and itself, 1 for other kernels.

    In this unit its powers stay in the range of float32, and so do the weights, whatever the inputs.
    """
    if settings["kernel"] != "polynomial":
        return 1.0
    scale = settings["kernel_scale"] / examples.shape[1]
    return np.abs(scale * squares(examples) + settings["kernel_offset"]).max() or 1.0


def is_definite(settings):
    """Whether the matrix of a kernel of any examples has no negative eigenvalue."""
    if settings["kernel"] == "polynomial":
        return min(settings["kernel_scale"], settings["kernel_offset"]) >= 0
    return settings["kernel"] == "gaussian"


def of_itself(settings, examples):
    """Return the kernel of each example and itself, (n_examples,)."""
    if settings["kernel"] == "gaussian":
        return np.ones(len(examples))
    scikit = parameters(settings, examples)
    return apply(settings, scikit["gamma"] * squares(examples) + scikit["coef0"])


def apply(settings, values):
    """Return the function of one number that a kernel ends in, of each of *values*, in their place."""
    if settings["kernel"] == "polynomial":
        return np.power(values, settings["kernel_degree"], out=values)
    return {"gaussian": np.exp, "sigmoid": np.tanh}[settings["kernel"]](values, out=values)


def squares(rows):
    """Return the sum of squares of each row, in float64."""
    return np.square(rows, dtype=np.float64).sum(1)
