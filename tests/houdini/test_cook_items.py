"""houdini/cook_items.py cooks batches with a stand-in for Houdini: what it sets and reads, and every mistake."""

import ast
import re
import sys

import numpy as np
import pytest
import yaml

from houdini.conftest import CHECKOUT

SQUARE = """
def square(value):
    return {"point": {"P": ([value("/obj/a/x") ** 2, 0.0, 0.0], 3)}}
node("/obj/a", x=0.0, cook=square)
"""
ECHO = """
def echo(value):
    {body}
node("/obj/in", x=0.0, t=(0.0, 0.0, 0.0), count=0, name="", file="", wired="expression")
node("/obj/OUT", cook=echo)
"""
SQUARE_FLAGS = ("--set=x=/obj/a/x", "--sop=/obj/a", "--target=y=P")


def echo(body="return {}"):
    return ECHO.format(body=body)


def test_a_batch_opens_the_scene_once_and_its_lines_are_in_the_order_of_the_items(batch):
    batch.write_scene(SQUARE)
    batch.write_items({"x": 2.0}, {"x": 3.0})

    batch.cook(*SQUARE_FLAGS)

    assert batch.results() == [{"id": "0", "begun": True}, {"id": "0"}, {"id": "1", "begun": True}, {"id": "1"}]
    assert batch.calls("load") == [["scene.hip", True, False]]
    assert batch.calls("cook") == [["/obj/a", True, []]] * 2
    for number, expected in ((0, 4), (1, 9)):
        assert batch.targets(number)["y"].tolist() == [[expected, 0, 0]]
        assert [path.name for path in (batch.folder / f"item-{number}").iterdir()] == ["targets.npz"]


def test_lines_are_appended_to_those_of_an_earlier_process(batch):
    batch.write_scene(SQUARE)
    batch.write_items({"x": 2.0})
    (batch.folder / "results.jsonl").write_text('{"id": "9"}\n')

    batch.cook(*SQUARE_FLAGS)

    assert [line["id"] for line in batch.results()] == ["9", "0", "0"]


def test_a_crash_leaves_a_line_that_says_which_item_it_was(batch):
    batch.write_scene("import os\n" + SQUARE.replace("return", "value('/obj/a/x') < 0 and os._exit(139); return"))
    batch.write_items({"x": 2.0}, {"x": -1.0}, {"x": 3.0})

    batch.cook(*SQUARE_FLAGS, exit_code=139)

    assert batch.results()[1:] == [{"id": "0"}, {"id": "1", "begun": True}]


@pytest.mark.parametrize(
    ("made", "error"),
    [
        ({"errors": ["Bad\n  topology", "No input"]}, "/obj/a: Bad topology; No input"),
        ({"errors": ["Bad topology"], "fails": "The cook failed"}, "/obj/a: Bad topology"),
        ({"fails": "Invalid source\n/obj/b"}, "/obj/a: Invalid source /obj/b"),
    ],
)
def test_an_items_error_is_told_and_the_next_item_is_cooked(batch, made, error):
    batch.write_scene(SQUARE.replace("return {", f"return {made} if value('/obj/a/x') < 0 else {{"))
    batch.write_items({"x": -1.0}, {"x": 3.0})

    batch.cook(*SQUARE_FLAGS)

    assert batch.results()[1::2] == [{"id": "0", "error": error}, {"id": "1"}]
    assert not (batch.folder / "item-0/targets.npz").exists()


def test_what_houdini_does_not_expect_is_an_items_error_with_a_traceback_in_the_log(batch):
    batch.write_scene(SQUARE)
    batch.write_items({"x": [None]}, {"x": 3.0})

    said = batch.cook(*SQUARE_FLAGS)

    assert batch.results()[1::2] == [
        {"id": "0", "error": "TypeError: Invalid value None for parameter type"},
        {"id": "1"},
    ]
    assert "Traceback" in said


def test_warnings_of_the_scene_and_of_nodes_are_shown_once_and_fail_nothing(batch):
    batch.write_scene("warn('Unknown\\nasset')\n" + SQUARE.replace("{", "{'warnings': ['Slow'], "))
    batch.write_items({"x": 2.0}, {"x": 3.0})

    said = batch.cook(*SQUARE_FLAGS)

    warned = [line for line in said.splitlines() if line.startswith("Geokiln warns: ")]
    assert warned == ["Geokiln warns: scene.hip: Unknown asset", "Geokiln warns: /obj/a: Slow"]
    assert batch.results()[1::2] == [{"id": "0"}, {"id": "1"}]


def test_values_are_set_in_the_types_of_the_parameters(batch):
    batch.write_scene(echo())
    attributes = {"x": 1, "move": [1.5, 2, 3], "count": 4.0, "name": "oak", "size": 2.5, "on": True, "bend": [0.5]}
    batch.write_items(attributes, parameters={"gain": 9})
    flags = {"x": "x", "move": "t", "count": "count", "name": "name", "size": "name", "on": "count", "bend": "ty",
             "gain": "x", "seed": "count", "id": "name"}  # fmt: skip

    batch.cook(*(f"--set={name}=/obj/in/{parameter}" for name, parameter in flags.items()), "--sop=/obj/OUT")

    assert batch.calls("set") == [
        ["/obj/in/x", 1], ["/obj/in/tx", 1.5], ["/obj/in/ty", 2], ["/obj/in/tz", 3], ["/obj/in/count", 4],
        ["/obj/in/name", "oak"], ["/obj/in/name", "2.5"], ["/obj/in/count", 1], ["/obj/in/ty", 0.5], ["/obj/in/x", 9],
        ["/obj/in/count", 7], ["/obj/in/name", "0"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "flag", "error"),
    [
        ([1, 2], "--set=a=/obj/in/t", "'a' has 2 values, but --set names 3 (/obj/in/tx /obj/in/ty /obj/in/tz)"),
        (0.5, "--set=a=/obj/in/count", "'a' is 0.5, but /obj/in/count takes whole numbers"),
        ("`system('ls')`", "--set=a=/obj/in/name", "'a' has a backtick, which Houdini would take for an expression"),
        ("`1`", "--option=a", "'a' has a backtick, which Houdini would take for an expression"),
        ([1, 2], "--option=a", "'a' has 2 values, but a context option takes one: use --set"),
    ],
)
def test_a_value_that_does_not_fit_is_the_items_error(batch, value, flag, error):
    batch.write_scene(echo())
    batch.write_items({"a": value})

    batch.cook(flag, "--sop=/obj/OUT")

    assert batch.results()[-1] == {"id": "0", "error": error}


def test_options_frames_buttons_and_geometry_are_set_for_each_item_before_it_cooks(batch):
    told = "value('@bend'), value('$F'), len(value('presses'))"
    body = f"return {{'detail': {{'told': ([{told}, float(open(value('/obj/in/file')).read())], 4)}}}}"
    batch.write_scene(echo(body))
    (batch.folder / "own.geo").write_text("5")
    batch.write_items({"bend": 0.5, "at": 12}, {"bend": 0.25, "at": 3}, geometry=str(batch.folder / "own.geo"))
    flags = ("--option=bend", "--frame=at", "--press=/obj/in/count", "--geometry=/obj/in/file")

    batch.cook(*flags, "--sop=/obj/OUT", "--target=told=detail:told")

    assert [batch.targets(number)["told"].tolist() for number in (0, 1)] == [[0.5, 12, 1, 5], [0.25, 3, 2, 5]]


@pytest.mark.parametrize(
    ("flag", "rendered", "cooked", "frame"),
    [("--frames=-3-48", [-3, 48], [-3, 48], 48), ("--frame=at", [12, 12], [], 12), (None, [], [], None)],
)
def test_a_rop_is_rendered_before_the_sop_is_cooked(batch, flag, rendered, cooked, frame):
    batch.write_scene(echo("return {'detail': {'F': ([value('$F')], 1)}}") + "rop('/out/sim', cook=lambda value: {})")
    batch.write_items({"at": 12})

    batch.cook(*([flag] if flag else []), "--rop=/out/sim", "--sop=/obj/OUT", "--target=F=detail:F")

    assert batch.calls("render") == [["/out/sim", rendered]]
    assert batch.calls("cook") == [["/obj/OUT", True, cooked]]
    assert batch.calls("setFrame") == ([[frame]] if frame else [])
    assert batch.targets(0)["F"] == [frame or 1]


@pytest.mark.parametrize(("writes", "error"), [(True, None), (False, "nothing wrote sim.geo to the item's folder")])
def test_files_that_a_rop_writes_lie_in_the_items_folder(batch, writes, error):
    write = "open(value('/out/sim/sopoutput'), 'w').close() or {}" if writes else "{}"
    batch.write_scene(f"rop('/out/sim', sopoutput='', cook=lambda value: {write})")
    batch.write_items({})

    batch.cook("--rop=/out/sim", "--write=sim.geo=/out/sim/sopoutput")

    assert batch.results()[-1] == ({"id": "0"} if writes else {"id": "0", "error": error})
    assert (batch.folder / "item-0/sim.geo").exists() is writes
    assert not (batch.folder / "item-0/targets.npz").exists()


def test_attributes_of_every_element_and_voxels_become_targets(batch):
    made = {
        "point": {"P": ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3), "density": ([0.5, 0.25], 1)},
        "vertex": {"uv": ([0.0, 1.0, 1.0, 0.0], 2)},
        "primitive": {"class": ([3, 4, 5], 1)},
        "detail": {"volume": ([2.5], 1), "axis": ([0.0, 1.0, 0.0], 3)},
        "volumes": [["other", [1, 1, 1], [9.0]], ["density", [3, 2, 1], [0.0, 1.0, 2.0, 10.0, 11.0, 12.0]]],
    }
    expected = {
        "P": ("P", [[1, 2, 3], [4, 5, 6]]),
        "density": ("point:density", [0.5, 0.25]),
        "uv": ("vertex:uv", [[0, 1], [1, 0]]),
        "class": ("primitive:class", [3, 4, 5]),
        "volume": ("detail:volume", [2.5]),
        "axis": ("detail:axis", [0, 1, 0]),
        "voxels": ("volume:density", [[[0, 1, 2], [10, 11, 12]]]),  # (z, y, x), x fastest
    }
    batch.write_scene(echo(f"return {made}"))
    batch.write_items({})

    batch.cook("--sop=/obj/OUT", *(f"--target={name}={what}" for name, (what, _) in expected.items()))

    targets = batch.targets(0)
    assert {name: array.tolist() for name, array in targets.items()} == {name: to for name, (_, to) in expected.items()}
    assert {array.dtype for array in targets.values()} == {np.dtype("float32")}


@pytest.mark.parametrize(
    ("made", "what", "error"),
    [
        ({}, "stress", "/obj/OUT has no point attribute 'stress'"),
        ({}, "detail:stress", "/obj/OUT has no detail attribute 'stress'"),
        ({"point": {"id": (["a"], 1)}}, "id", "the point attribute 'id' is of texts, or of arrays"),
        ({"point": {"ids": ([[1.0]], 1)}}, "ids", "the point attribute 'ids' is of texts, or of arrays"),
        ({}, "volume:fog", "/obj/OUT has no volumes of the name 'fog'"),
        ({"volumes": [["fog", [1, 1, 1], [1.0]]] * 2}, "volume:fog", "/obj/OUT has 2 volumes of the name 'fog'"),
        ({"vdbs": ["a VDB"]}, "volume:fog", "of the name 'fog'; the node Convert VDB makes volumes of VDBs"),
    ],
)
def test_a_target_that_cannot_be_read_is_the_items_error(batch, made, what, error):
    batch.write_scene(echo(f"return {made}"))
    batch.write_items({})

    batch.cook("--sop=/obj/OUT", f"--target=t={what}")

    assert error in batch.results()[-1]["error"]


def test_all_mistakes_are_told_at_once_before_any_item(batch):
    batch.write_scene(echo())
    batch.write_items({"x": 1.0, "bend": 0.5, "frame": 3})
    mistakes = {
        "--set=x=/obj/in/y": "/obj/in has no parameter 'y' (near: ty)",
        "--set=x=/obj/im/x": "/obj has no node 'im'",
        "--set=x=/obj/in/x/deep/deeper": "/obj/in has no node 'x'",
        "--set=x=in/x": "'in' is no whole path, such as /obj/tube/OUT",
        "--set=x=/obj/in/wired": "/obj/in/wired is animated or an expression: delete its channel",
        "--geometry=/obj/in/path": "/obj/in has no parameter 'path'",
        "--write=a.geo=/out/sim/file": "/ has no node 'out'",
        "--press=/obj/in/resimulate": "/obj/in has no parameter 'resimulate'",
        "--rop=/obj/OUT": "/obj/OUT is no ROP",
        "--sop=/obj/out": "/obj has no node 'out'",
        "--target=a=faces:area": "'faces' in 'faces:area' is none of point, vertex, primitive, detail, volume",
        "--set=bent=/obj/in/x": "items have no attribute 'bent' (near: bend)",
        "--option=bind": "items have no attribute 'bind' (near: bend, id)",
        "--frame=frames": "items have no attribute 'frames' (near: frame)",
    }

    said = batch.cook(*mistakes, exit_code=2)

    told = [f"{flag.split('=')[0]}: {sentence}" for flag, sentence in mistakes.items()]
    told.append("--geometry: items bring none; add work_items: {include: [geometry]}")
    assert said == f"cook_items.py: {'; '.join(told)}\n"
    assert batch.results() == []


@pytest.mark.parametrize(
    ("flag", "sentence"),
    [
        ("--hda=lost.hda", "scene.hip cannot be opened: "),
        ("--set=x", "'x' is no NAME=VALUE"),
        ("--frames=48-1", "'48-1' is no FIRST-LAST, such as 1-48"),
        ("--write=../a.geo=/obj/in/file", "--write ../a.geo: name a file, not a path; it lies in the item's folder"),
        ("--sets=x=/obj/in/x", "unrecognized arguments: --sets=x=/obj/in/x"),
    ],
)
def test_a_mistake_in_the_flags_ends_before_any_item(batch, flag, sentence):
    batch.write_scene(echo())
    batch.write_items({"x": 1.0})

    said = batch.cook("--sop=/obj/OUT", flag, exit_code=2)

    assert sentence in said and "Traceback" not in said
    assert batch.results() == []


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [((), "name what to cook, with --sop or --rop"), (("--rop=/out/a", "--target=a=P"), "--target needs --sop")],
)
def test_flags_that_ask_for_nothing_are_refused(batch, flags, sentence):
    batch.write_items({})

    assert sentence in batch.cook(*flags, exit_code=2)


def test_a_scene_that_is_not_there_ends_in_a_sentence(batch):
    batch.write_items({})
    (batch.folder / "scene.hip").unlink()

    said = batch.cook("--sop=/obj/OUT", exit_code=2)

    assert "scene.hip cannot be opened: Unable to open file: " in said and "Traceback" not in said


@pytest.mark.parametrize("path", sorted((CHECKOUT / "houdini").glob("*.py")), ids=lambda path: path.name)
def test_the_scripts_are_python_3_9_and_import_what_hython_has(path):
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    beside = {other.stem for other in path.parent.glob("*.py")}
    assert {name.split(".")[0] for name in imported} <= {"hou", "numpy", *sys.stdlib_module_names, *beside}


def test_the_page_shows_the_example_project_and_its_scene_has_what_is_asked_for(batch):
    project = CHECKOUT / "tests/houdini/project"
    page = (CHECKOUT / "docs/houdini.md").read_text()
    shown = yaml.safe_load(re.search(r"```yaml\n( *generator:.*?)```", page, re.S)[1])
    command = yaml.safe_load((project / "config.yaml").read_text())["generator"]["command"]
    batch.write_scene((project / "tube.hip").read_text())
    batch.write_items({"bend": 0.0, "radius": 0.5}, {"bend": 40.0, "radius": 0.5})

    batch.cook(*(word for word in command["words"][4:] if not word.startswith("--scene")))

    assert shown["generator"]["command"] == command
    assert batch.results()[1::2] == [{"id": "0"}, {"id": "1"}]
    assert batch.targets(0)["position"].shape == (24, 3)


def test_the_page_explains_every_flag():
    script = (CHECKOUT / "houdini/cook_items.py").read_text()
    page = (CHECKOUT / "docs/houdini.md").read_text()

    assert [flag for flag in re.findall(r'"(--\w+)"', script) if f"{flag}=" not in page] == []
