import os
from pathlib import Path

import numpy as np
import pytest

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
