import os
from pathlib import Path

import numpy as np
import pytest

from geokiln.geometry.elements import Elements
from geokiln.geometry.geo_file import read_geo, write_geo
from geokiln.geometry.geometry import Geometry
from sample_geometry import main


def arguments(**changes):
    options = {
        "generator": "generator.py",
        "parameters": '{"b": 7}',
        "count": "5",
        "seed": "1",
        "sidecar": "geometry/drops.geo.json",
        **changes,
    }
    return [word for key, value in options.items() for word in (f"--{key}", value)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"output": "drops.geo"}, [5, 1, 7]), ({"output": "walk.npz", "unseen": "walk"}, [5, 4, 7])],
    ids=["geometry", "unseen table"],
)
def test_the_generator_makes_a_geometry_or_a_table_of_count_seed_or_name_and_parameters(
    changes, expected, write, capsys
):
    write(
        "generator.py",
        """
        def geometry(count, seed, parameters):
            return {"a": [[count, seed, parameters["b"]]] * count}

        def unseen(name, count, parameters):
            return geometry(count, len(name), parameters)
        """,
    )

    main(arguments(**changes))

    output = changes["output"]
    result = np.load(output) if output.endswith(".npz") else read_geo(output).primitive_attributes
    assert result["a"].tolist() == [expected] * 5
    assert capsys.readouterr().out == f"5 primitives -> {output}\n"


def test_a_geo_file_is_copied_as_it_is_without_the_generator(capsys):
    write_geo("lines.geo", Geometry([[0, 0, 0], [1, 2, 3]], [[0, 1], [1, 0], [0]], {}, {}))
    text = Path("lines.geo").read_text().rstrip().rstrip("]")
    Path("lines.geo").write_text(f'{text}, "info", {{"artist": "what Geokiln does not read"}}]')

    main(arguments(source="lines.geo", output="copy.geo", unseen="walk"))

    assert Path("copy.geo").read_bytes() == Path("lines.geo").read_bytes()
    assert capsys.readouterr().out == "3 primitives -> copy.geo\n"


POINTS = "Geometry(np.arange(15.).reshape(5, 3), {}, {{'a': np.arange(5)}}, {{}}, {{'scale': np.array([2.0])}})"


@pytest.mark.parametrize(
    ("element", "made", "said"),
    [
        ("point", "{'P': np.arange(15.).reshape(5, 3), 'a': np.arange(5)}", "5 points"),
        ("point", POINTS.format([]), "5 points"),
        ("point", POINTS.format([[0, 1]] * 5), "5 points"),  # five primitives, whatever their points
        ("detail", POINTS.format([]), "1 geometry"),
    ],
)
@pytest.mark.parametrize("suffix", ["geo", "npz"])
def test_a_generators_elements_are_counted_and_kept(suffix, element, made, said, write, capsys):
    text = f"import numpy as np\nfrom geokiln.api import Geometry\ndef geometry(c, s, p): return {made}"
    write("generator.py", text)

    main(arguments(output=f"a.{suffix}", element=element))

    result = dict(np.load("a.npz")) if suffix == "npz" else Elements(read_geo("a.geo"), element).attributes
    if element == "point":
        assert (result["P"].tolist(), result["a"].tolist()) == (np.arange(15).reshape(5, 3).tolist(), list(range(5)))
    else:
        assert (result["scale"], result["pointcount"]) == (2, 5)
    assert capsys.readouterr().out == f"{said} -> a.{suffix}\n"


def test_a_geometry_with_another_number_of_elements_is_told(write, failure):
    write("generator.py", "def geometry(c, s, p): return {'P': [[0, 0, 0]] * 4}")

    message = failure(main, arguments(output="a.geo", element="point"))

    assert message.endswith("geometry made 4 points and 0 primitives, the config says 5")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (False, "table.npz: 'name' holds Python objects; save it as text, astype(str), or as numbers, astype(float)"),
        (True, "table.npz cannot be read (checksum of x.npy); make it again with numpy.savez or numpy.save"),
    ],
    ids=["objects", "damaged"],
)
def test_a_users_table_is_checked_before_it_is_copied_and_left_where_it_is(damage, sentence, failure):
    columns = {"x": np.full(1000, np.pi)} | ({} if damage else {"name": np.array(["a"] * 1000, object)})
    np.savez("table.npz", **columns)
    if damage:
        content = bytearray(Path("table.npz").read_bytes())
        content[5000] ^= 1
        Path("table.npz").write_bytes(content)

    message = failure(main, arguments(source="table.npz", output="geometry/a.npz"))

    assert message == f"sample_geometry: {sentence}"
    assert [path.name for path in Path(".").glob("*.npz*")] == ["table.npz"]
    assert not list(Path("geometry").glob("a.npz*"))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "geometry attribute 'time' is not finite (NaN, Inf) in element 3"),
        ({"source": "no.geo"}, "no.geo does not exist"),
        ({"generator": "no.py"}, "no.py does not exist"),
    ],
    ids=["NaN", "no file", "no generator"],
)
def test_a_geometry_that_cannot_be_made_ends_in_a_sentence_and_the_old_one_stays(changes, sentence, write, failure):
    write("geometry/drops.geo", "old")
    write("generator.py", "def geometry(count, seed, parameters): return {'time': [0, 1, 2, float('nan'), 4]}")

    message = failure(main, arguments(output="geometry/drops.geo", **changes))

    assert message == f"sample_geometry: {sentence}"
    assert Path("geometry/drops.geo").read_text() == "old"
    assert [path.name for path in Path("geometry").iterdir()] == ["drops.geo"]


def test_what_a_geometry_reads_and_no_input_is_told(write, capsys):
    for name in ("rest.obj", "stir.obj"):
        os.utime(write(name, ""), (1e9, 1e9))
    text = "def unseen(name, count, parameters):\n    open('rest.obj'), open('stir.obj')\n    return {'x': [1]}"
    write("generator.py", text)

    main(arguments(output="stir.geo", unseen="stir", count="1", **{"generator-inputs": "rest.obj"}))

    assert capsys.readouterr().out.splitlines()[:-1] == [
        "Geokiln warns: unseen read stir.obj, which is not under generator.inputs; an edit of it will go unnoticed"
    ]
