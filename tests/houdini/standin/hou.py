"""A recording stand-in for the calls of Houdini's `hou` that houdini/cook_items.py makes: Houdini is proprietary and
cannot run here.

Signatures, defaults and exceptions are those of SideFX's help (sidefx.com/docs/houdini/hom/hou/). What is not written
here does not exist. A scene is a Python file that calls `node(...)`; each call that cook_items.py makes becomes a line
of the file that the variable HOU_CALLS names.
"""

import array
import json
import os
import types


class Error(Exception):
    def instanceMessage(self):
        return str(self.args[0]) if self.args else ""

    def description(self):
        return "An error of Houdini's"


class OperationFailed(Error):
    def description(self):
        return "The attempted operation failed."


class LoadWarning(Error):
    pass


def _enumeration(*names):
    return types.SimpleNamespace(**{name: f"hou.{name}" for name in names})


attribData = _enumeration("Int", "Float", "String", "Dict")
numericData = _enumeration("Float16", "Float32", "Float64")
parmData = _enumeration("Int", "Float", "String", "Ramp")
primType = _enumeration("Polygon", "Volume", "VDB")
_nodes, _options, _state = {}, {}, {"frame": 1.0, "presses": []}


def _record(call, *arguments):
    if "HOU_CALLS" in os.environ:
        with open(os.environ["HOU_CALLS"], "a") as calls:
            calls.write(json.dumps([call, *arguments]) + "\n")


class ParmTemplate:
    def __init__(self, kind):
        self._kind = kind

    def dataType(self):
        return self._kind


class Parm:
    def __init__(self, node, name, value, animated):
        self._node, self._name, self._value, self._animated = node, name, value, animated
        kinds = {int: parmData.Int, float: parmData.Float, str: parmData.String}
        self._kind = kinds[type(value)]

    def name(self):
        return self._name

    def path(self):
        return f"{self._node.path()}/{self._name}"

    def parmTemplate(self):
        return ParmTemplate(self._kind)

    def keyframes(self):
        return ("a keyframe",) if self._animated else ()

    def set(self, value, language=None, follow_parm_reference=True):
        takes = {parmData.Int: (int,), parmData.Float: (int, float), parmData.String: (str,)}[self._kind]
        if not isinstance(value, takes):
            raise TypeError(f"Invalid value {value!r} for parameter type")
        _record("set", self.path(), value)
        self._value = value

    def pressButton(self, arguments={}):  # noqa: B006 (as documented)
        _record("pressButton", self.path())
        _state["presses"].append(self.path())


class ParmTuple:
    def __init__(self, name, parms):
        self._name, self._parms = name, parms

    def name(self):
        return self._name

    def __len__(self):
        return len(self._parms)

    def __getitem__(self, index):
        return self._parms[index]


class OpNode:
    def __init__(self, path, cook=None, **parameters):
        self._path, self._cook, self._errors, self._warnings, self._tuples = path, cook, (), (), {}
        for name, value in parameters.items():
            if isinstance(value, tuple):
                parms = [Parm(self, name + "xyz"[place], part, False) for place, part in enumerate(value)]
            else:
                animated = value == "expression"
                parms = [Parm(self, name, 0.0 if animated else value, animated)]
            self._tuples[name] = ParmTuple(name, parms)

    def path(self):
        return self._path

    def name(self):
        return self._path.rpartition("/")[2]

    def children(self):
        return tuple(node for path, node in _nodes.items() if path.rpartition("/")[0] == self._path.rstrip("/"))

    def parms(self):
        return tuple(parm for parms in self._tuples.values() for parm in parms)

    def parmTuples(self):
        return tuple(self._tuples.values())

    def errors(self):
        return self._errors

    def warnings(self):
        return self._warnings

    def _run(self):
        """Call the scene's own function for this node; it returns what `Geometry` takes, errors and warnings."""
        made = self._cook(_evaluate)
        self._errors, self._warnings = tuple(made.pop("errors", ())), tuple(made.pop("warnings", ()))
        fails = made.pop("fails", None)
        self._geometry = Geometry(**made)
        if fails:
            raise OperationFailed(fails)


class SopNode(OpNode):
    def cook(self, force=False, frame_range=()):
        _record("cook", self._path, force, frame_range)
        self._run()

    def geometry(self, output_index=0):
        return self._geometry


class RopNode(OpNode):
    def render(self, frame_range=(), res=(), output_file=None, output_format=None, to_flipbook=False, quality=2,
               ignore_inputs=False, method="RopByRop", ignore_bypass_flags=False, ignore_lock_flags=False,
               verbose=False, output_progress=False):  # fmt: skip
        _record("render", self._path, frame_range)
        self._run()


class Attrib:
    def __init__(self, kind, size, is_array):
        self._kind, self._size, self._is_array = kind, size, is_array

    def dataType(self):
        return self._kind

    def size(self):
        return self._size

    def isArrayType(self):
        return self._is_array


class Volume:
    def __init__(self, name, resolution, values):
        self._name, self._resolution, self._values = name, resolution, values

    def attribValue(self, name_or_attrib):
        if name_or_attrib != "name":
            raise OperationFailed(f"no attribute {name_or_attrib}")
        return self._name

    def resolution(self):
        return tuple(map(float, self._resolution))  # a hou.Vector3

    def allVoxelsAsString(self):
        return array.array("f", self._values).tobytes()


class Geometry:
    """Attributes are name -> (values of all elements one after the other, size of one); detail: name -> value."""

    def __init__(self, point=None, vertex=None, primitive=None, detail=None, volumes=(), vdbs=()):
        self._of = {"point": point or {}, "vertex": vertex or {}, "primitive": primitive or {}, "detail": detail or {}}
        self._volumes, self._vdbs = [Volume(*volume) for volume in volumes], vdbs

    def _find(self, element, name):
        if name not in self._of[element]:
            return Attrib(attribData.String, 1, False) if name == "name" and self._volumes else None
        values, size = self._of[element][name]
        kinds = {int: attribData.Int, float: attribData.Float, str: attribData.String, list: attribData.Float}
        return Attrib(kinds[type(values[0])], size, isinstance(values[0], list))

    def findPointAttrib(self, name):
        return self._find("point", name)

    def findVertexAttrib(self, name):
        return self._find("vertex", name)

    def findPrimAttrib(self, name):
        return self._find("primitive", name)

    def findGlobalAttrib(self, name):
        return self._find("detail", name)

    def attribValue(self, name_or_attrib):
        values, size = self._of["detail"][name_or_attrib]
        return tuple(values) if size > 1 else values[0]

    def _as_string(self, element, name, float_type):
        if name not in self._of[element] or float_type != numericData.Float32:
            raise OperationFailed(f"no {element} attribute {name}")
        return array.array("f", self._of[element][name][0]).tobytes()

    def pointFloatAttribValuesAsString(self, name, float_type=numericData.Float32):
        return self._as_string("point", name, float_type)

    def vertexFloatAttribValuesAsString(self, name, float_type=numericData.Float32):
        return self._as_string("vertex", name, float_type)

    def primFloatAttribValuesAsString(self, name, float_type=numericData.Float32):
        return self._as_string("primitive", name, float_type)

    def primsOfType(self, prim_type):
        return tuple(self._volumes if prim_type == primType.Volume else self._vdbs)


def node(path):
    return _nodes.get(path)


def _tuple_of(path):
    owner, _, name = path.rpartition("/")
    return _nodes[owner]._tuples.get(name) if owner in _nodes else None


def parm(path):
    owner, _, name = path.rpartition("/")
    return next((parm for parm in _nodes[owner].parms() if parm.name() == name), None) if owner in _nodes else None


def parmTuple(path):
    return _tuple_of(path)


def setFrame(frame):
    _record("setFrame", frame)
    _state["frame"] = float(frame)


def setContextOption(option, value):
    if not isinstance(value, (str, int, float)):
        raise TypeError("a context option is a string or a number")
    _record("setContextOption", option, value)
    _options[option] = value


def _evaluate(name):
    """What a scene's functions ask for: a parameter by path, a context option `@name`, `$F`, how often one pressed."""
    if name == "$F":
        return _state["frame"]
    if name == "presses":
        return list(_state["presses"])
    if name.startswith("@"):
        return _options[name[1:]]
    found = parm(name)
    return found._value if found is not None else tuple(part._value for part in _tuple_of(name))


class hda:
    @staticmethod
    def installFile(file_path, oplibraries_file=None, change_oplibraries_file=True, force_use_assets=False):
        _record("installFile", os.path.basename(file_path))
        if not os.path.isfile(file_path):
            raise OperationFailed(f"{file_path} does not exist")


class hipFile:
    @staticmethod
    def load(file_name, suppress_save_prompt=False, ignore_load_warnings=False):
        _record("load", os.path.basename(file_name), suppress_save_prompt, ignore_load_warnings)
        if not os.path.isfile(file_name):
            raise OperationFailed(f"Unable to open file: {file_name}")
        _nodes.clear()
        _nodes["/"] = OpNode("/")
        warnings = []

        def add(path, kind=SopNode, **described):
            for place in range(path.count("/") - 1, 0, -1):
                above = path.rsplit("/", place)[0]
                _nodes.setdefault(above, OpNode(above))
            _nodes[path] = kind(path, **described)

        with open(file_name) as scene:
            names = {"node": add, "rop": lambda path, **described: add(path, RopNode, **described)}
            exec(compile(scene.read(), file_name, "exec"), {**names, "warn": warnings.append})
        if warnings and not ignore_load_warnings:
            raise LoadWarning("\n".join(warnings))
