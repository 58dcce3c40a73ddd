"""What flags name, looked up in a scene; a name that is not there becomes a mistake with those that are near to it."""

import difflib

import hou
from item_targets import ELEMENTS


class Lookup:
    """Finds nodes and parameters by their paths, and collects in ``mistakes`` what is not as it should be."""

    def __init__(self):
        self.mistakes = []

    def node(self, flag, path, method, kind):
        """Return the node at *path* if it has *method*; without a path None."""
        node = hou.node(path) if path else None
        if path and node is None:
            self.mistakes.append(f"{flag}: {missing_node(path)}")
        elif path and not hasattr(node, method):
            self.mistakes.append(f"{flag}: {path} is no {kind}")
        return node

    def parameters(self, flag, path):
        """Return the parameter at *path*, or those of the tuple there, as a list; none may be animated."""
        found = self.found(flag, path)
        for parameter in found:
            if parameter.keyframes():  # also an expression: a value would be a key beside it
                self.mistakes.append(f"{flag}: {parameter.path()} is animated or an expression: delete its channel")
        return found

    def button(self, flag, path):
        return self.found(flag, path)[:1]

    def found(self, flag, path):
        single = hou.parm(path)
        found = [single] if single is not None else list(hou.parmTuple(path) or ())
        if not found:
            self.mistakes.append(f"{flag}: {missing_parameter(path)}")
        return found

    def attribute(self, flag, name, names):
        """Note a mistake unless *name* is one of *names*, the attributes of items."""
        if name not in names:
            self.mistakes.append(f"{flag}: items have no attribute {name!r}{near(name, names)}")

    def output(self, flag, text):
        """Return element and attribute of ``[ELEMENT:]ATTRIBUTE``."""
        element, colon, name = text.rpartition(":")
        element = element if colon else "point"
        if element not in ELEMENTS:
            self.mistakes.append(f"{flag}: {element!r} in {text!r} is none of {', '.join(ELEMENTS)}")
        return element, name


def missing_node(path):
    above, _, name = path.rstrip("/").rpartition("/")
    if not path.startswith("/"):
        return f"{path!r} is no whole path, such as /obj/tube/OUT"
    parent = hou.node(above or "/")
    if parent is None:
        return missing_node(above)
    return f"{above or '/'} has no node {name!r}{near(name, [child.name() for child in parent.children()])}"


def missing_parameter(path):
    above, _, name = path.rpartition("/")
    node = hou.node(above) if above else None
    if node is None:
        return missing_node(above or path)
    return f"{above} has no parameter {name!r}{near(name, parameter_names(node))}"


def parameter_names(node):
    return {parameter.name() for parameter in (*node.parms(), *node.parmTuples())}


def near(name, names):
    close = difflib.get_close_matches(name, sorted(names), 3)
    return f" (near: {', '.join(close)})" if close else ""
