from pathlib import Path

import pytest

from geokiln.geometry.geo_file import read_geo, write_geo
from geokiln.geometry.geometry import Geometry
from sample_geometry import main


def arguments(**changes):
    options = {
        "generator": "generator.py",
        "parameters": "{}",
        "source": "generator",
        "count": "5",
        "seed": "1",
        "output": "geometry/drops.geo",
        **changes,
    }
    return [word for key, value in options.items() for word in (f"--{key}", value)]


def test_the_generator_makes_the_training_geometry(generator, capsys):
    main(arguments())

    result = read_geo("geometry/drops.geo")

    assert len(result.primitives) == 5
    assert list(result.primitive_attributes) == ["time", "strength"]
    assert capsys.readouterr().out == "5 primitives -> geometry/drops.geo\n"


def test_the_seed_makes_the_geometry(generator):
    for seed, path in [("1", "a.geo"), ("1", "b.geo"), ("2", "c.geo")]:
        main(arguments(seed=seed, output=path))

    contents = [Path(path).read_bytes() for path in ("a.geo", "b.geo", "c.geo")]

    assert contents[0] == contents[1] != contents[2]


def test_the_generator_makes_an_unseen_input_by_its_name(generator):
    main(arguments(unseen="walk", output="geometry/unseen/walk.geo"))

    result = read_geo("geometry/unseen/walk.geo")

    assert result.primitive_attributes["strength"].tolist() == [4] * 5
    assert result.primitive_attributes["time"].tolist() == [0, 0.25, 0.5, 0.75, 1]


def test_parameters_reach_the_generator(write):
    text = "def cook(item): ...\ndef geometry(count, seed, parameters): return {'a': [parameters['b']] * count}"
    write("generator.py", text)

    main(arguments(parameters='{"b": 7}'))

    assert read_geo("geometry/drops.geo").primitive_attributes["a"].tolist() == [7] * 5


@pytest.mark.parametrize("unseen", [{}, {"unseen": "walk"}], ids=["training", "unseen"])
def test_a_geo_file_is_read_and_written_without_the_generator(unseen, geometry):
    main(arguments(source=geometry, output="copy.geo", **unseen))

    result = read_geo("copy.geo")

    assert len(result.primitives) == 10
    assert result.primitive_attributes["time"][3] == 0.3


@pytest.mark.parametrize(
    ("text", "changes", "sentence"),
    [
        ("def cook(item): ...", {}, "generator.py defines no function geometry(...), which the config asks for"),
        ("def cook(item): ...", {"unseen": "walk"}, "generator.py defines no function unseen(...), which"),
        ("def cook(", {}, "generator.py, line 1: "),
        (None, {"source": "no.geo"}, "no.geo does not exist"),
        (None, {"generator": "no.py"}, "no.py does not exist"),
        (
            "def cook(item): ...\ndef geometry(c, s, p): return {'time': [0] * 4}",
            {},
            "generator.py: geometry made 4 primitives, the config says 5",
        ),
        (
            "def cook(item): ...\ndef geometry(c, s, p): return 1 / 0",
            {},
            "generator.py: geometry raised ZeroDivisionError: division by zero",
        ),
        (
            "def cook(item): ...\ndef geometry(c, s, p): return {'time': [0, 1, 2, float('nan'), 4]}",
            {},
            "geometry attribute 'time' is not finite (NaN, Inf) in element 3",
        ),
    ],
)
def test_a_geometry_that_cannot_be_made_ends_in_a_sentence(text, changes, sentence, generator, write, failure):
    if text is not None:
        write("generator.py", text)

    message = failure(main, arguments(**changes))

    assert message.startswith(f"sample_geometry: {sentence}")
    assert not Path("geometry/drops.geo").exists()


def test_an_old_geometry_stays_when_a_new_one_fails(generator, write, failure):
    main(arguments())
    before = Path("geometry/drops.geo").read_bytes()
    write("generator.py", "def cook(item): ...")

    failure(main, arguments())

    assert Path("geometry/drops.geo").read_bytes() == before
    assert [path.name for path in Path("geometry").iterdir()] == ["drops.geo"]


def test_a_geometry_with_points_of_its_own_keeps_them(write):
    lines = Geometry([[0, 0, 0], [1, 2, 3]], [[0, 1], [1, 0]], {}, {})
    write_geo("lines.geo", lines)

    main(arguments(source="lines.geo"))
    result = read_geo("geometry/drops.geo")

    assert result.points.tolist() == [[0, 0, 0], [1, 2, 3]]
    assert result.primitives == [[0, 1], [1, 0]]
