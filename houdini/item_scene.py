"""A scene that is opened once, and cooked for one item after the other."""

import os

import hou
from item_lookup import Lookup
from item_targets import Failed, flat, read, reason, save


class Scene:
    """An open scene, and what the flags name in it.

    Raises
    ------
    Failed
        If the scene cannot be opened, or with all that the flags name and that is not there.
    """

    def __init__(self, flags, first_item):
        self.flags, self.warned = flags, set()
        self.open()
        lookup, attributes = Lookup(), values_of(first_item)
        self.settings = [(name, lookup.parameters("--set", path)) for name, path in flags.set]
        self.geometry = lookup.parameters("--geometry", flags.geometry) if flags.geometry else []
        self.files = [(name, lookup.parameters("--write", path)) for name, path in flags.write]
        self.buttons = [lookup.button("--press", path) for path in flags.press]
        self.rop = lookup.node("--rop", flags.rop, "render", "ROP")
        self.sop = lookup.node("--sop", flags.sop, "geometry", "SOP")
        self.targets = [(name, *lookup.output("--target", text)) for name, text in flags.target]
        for flag, names in {"--set": dict(flags.set), "--option": flags.option, "--frame": [flags.frame]}.items():
            for name in filter(None, names):
                lookup.attribute(flag, name, attributes)
        if flags.geometry and "geometry" not in first_item:
            lookup.mistakes.append("--geometry: items bring none; add work_items: {include: [geometry]}")
        if lookup.mistakes:
            raise Failed("; ".join(lookup.mistakes))

    def open(self):
        try:
            for path in self.flags.hda:
                hou.hda.installFile(os.path.abspath(path))
            hou.hipFile.load(os.path.abspath(self.flags.scene), suppress_save_prompt=True, ignore_load_warnings=False)
        except hou.LoadWarning as warning:  # the scene is open all the same
            self.warn(f"{self.flags.scene}: {reason(warning)}")
        except hou.Error as error:
            raise Failed(f"{self.flags.scene} cannot be opened: {reason(error)}") from None

    def warn(self, text):
        """Say something once, in a line that Geokiln shows at the end of the run."""
        if text not in self.warned:
            self.warned.add(text)
            print(f"Geokiln warns: {text}", flush=True)

    def cook(self, item):
        """Cook an item and save its targets; all that the flags name is set anew, so none has a value of another's."""
        values, frames = values_of(item), self.flags.frames or ()
        for name, parameters in self.settings:
            assign(parameters, values[name], name)
        for name in self.flags.option:
            hou.setContextOption(name, option(values[name], name))
        for parameter in self.geometry:
            parameter.set(item["geometry"])
        for name, parameters in self.files:
            parameters[0].set(os.path.join(item["folder"], name))
        if self.flags.frame:
            frames = (values[self.flags.frame], values[self.flags.frame])
        if frames:
            hou.setFrame(frames[1])
        for (button,) in self.buttons:
            button.pressButton()
        if self.rop:
            self.run(self.rop, lambda: self.rop.render(frame_range=frames))
        if self.sop:
            self.run(self.sop, lambda: self.sop.cook(force=True, frame_range=self.flags.frames or ()))
        missing = [name for name, _ in self.files if not os.path.isfile(os.path.join(item["folder"], name))]
        if missing:
            raise Failed(f"nothing wrote {', '.join(missing)} to the item's folder")
        if self.targets:
            geometry = self.sop.geometry()
            save(item["folder"], {name: read(geometry, *place, self.sop.path()) for name, *place in self.targets})

    def run(self, node, cook):
        try:
            cook()
        except hou.Error as error:
            raise Failed(f"{node.path()}: {flat(node.errors()) or reason(error)}") from None
        if node.errors():
            raise Failed(f"{node.path()}: {flat(node.errors())}")
        for warning in node.warnings():
            self.warn(f"{node.path()}: {flat([warning])}")


def values_of(item):
    """Return all that an item can be asked for by name; its attributes come first."""
    return {"id": item["id"], "seed": item["seed"], **item["parameters"], **item["attributes"]}


def assign(parameters, value, name):
    """Set parameters, one for each component of *value*."""
    parts = value if isinstance(value, list) else [value]
    if len(parts) != len(parameters):
        paths = " ".join(parameter.path() for parameter in parameters)
        raise Failed(f"{name!r} has {len(parts)} values, but --set names {len(parameters)} ({paths})")
    for parameter, part in zip(parameters, parts):
        parameter.set(converted(part, parameter, name))


def converted(value, parameter, name):
    """Return *value* in the type that *parameter* takes."""
    kind = parameter.parmTemplate().dataType()
    if kind == hou.parmData.String:
        return without_backticks(str(value), name)
    if kind == hou.parmData.Int and not isinstance(value, str):
        if value != int(value):
            raise Failed(f"{name!r} is {value}, but {parameter.path()} takes whole numbers")
        return int(value)
    return value


def option(value, name):
    if isinstance(value, list):
        raise Failed(f"{name!r} has {len(value)} values, but a context option takes one: use --set")
    return without_backticks(value, name) if isinstance(value, str) else value


def without_backticks(text, name):
    """Refuse what Houdini would run as an expression: the texts of a geometry are no code."""
    if "`" in text:
        raise Failed(f"{name!r} has a backtick, which Houdini would take for an expression")
    return text
