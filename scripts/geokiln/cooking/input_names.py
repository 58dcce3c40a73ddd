"""What files under generator.inputs are called in fingerprints: neither spelling nor place of the project counts."""

import os

CHECKOUT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))


def input_names(paths):
    """Return a name for each of some files, all different.

    A file of the project is called as it is from there, one of Geokiln's checkout as from there, another one by its
    last name alone. Of several that would be called alike, the order tells which is which.

    >>> input_names(["rest.obj", "./a/../rest.obj", "/elsewhere/rest.obj"])
    ['rest.obj', 'rest.obj (2)', 'rest.obj (3)']
    """
    names = []
    for path in map(_name, paths):
        alike = (f"{path} ({number})" if number > 1 else path for number in range(1, len(names) + 2))
        names.append(next(name for name in alike if name not in names))
    return names


def _name(path):
    place = os.path.abspath(path)
    folder, last = os.path.split(place)
    for root in (os.getcwd(), CHECKOUT):
        for file in (place, os.path.join(os.path.realpath(folder), last)):  # the folder may be spelled by way of a link
            name = os.path.relpath(file, os.path.realpath(root))
            if name.split(os.sep)[0] != os.pardir:
                return name
    return last
