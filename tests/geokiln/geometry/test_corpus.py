"""Files that Houdini wrote, where a folder of them is at hand: GEOKILN_GEOMETRY_CORPUS names it.

Its ``expected.json`` lists what an independent reader found in each: numbers of points, vertices and primitives,
attributes, members of groups, and sum, lowest and highest of each attribute's numbers.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from geokiln.errors import UserError
from geokiln.geometry import scf
from geokiln.geometry.element_count import primitive_count
from geokiln.geometry.geo_file import read_geo, write_geo
from geokiln.geometry.layers import start_of, unpacked
from geokiln.geometry.packed import packed_geometry
from geokiln.geometry.volumes import voxels_of

CORPUS = Path(os.environ.get("GEOKILN_GEOMETRY_CORPUS", "there is none"))
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="GEOKILN_GEOMETRY_CORPUS names no folder")
OWNERS = {"point": "po", "vertex": "ve", "primitive": "pr", "global": "gl", "edge": "ed"}


def expected():
    return json.loads((CORPUS / "expected.json").read_text()) if CORPUS.is_dir() else []


def attributes(geometry):
    owners = {
        "point": {"P": geometry.points, **geometry.point_attributes},
        "vertex": geometry.vertex_attributes,
        "primitive": geometry.primitive_attributes,
        "global": geometry.detail_attributes,
    }
    return {(owner, name): array for owner, arrays in owners.items() for name, array in arrays.items()}


def assert_equal(first, second):
    ours, theirs = attributes(first), attributes(second)
    assert ours.keys() == theirs.keys()
    for key, array in ours.items():
        assert np.array_equal(array, theirs[key]), key
    assert list(first.primitives) == list(second.primitives)
    assert first.primitives.closed().tolist() == second.primitives.closed().tolist()
    kinds = [[one.primitives.kind(number) for number in range(len(one.primitives))] for one in (first, second)]
    assert kinds[0] == kinds[1]
    assert first.groups.keys() == second.groups.keys()
    assert all(np.array_equal(members, second.groups[key]) for key, members in first.groups.items())


READ = [one for one in expected() if "refused" not in one and "odd" not in one]


@pytest.mark.parametrize("about", READ, ids=[one["file"] for one in READ])
def test_a_file_holds_what_an_independent_reader_found_and_comes_back_in_each_format(about):
    path = CORPUS / about["file"]

    result = read_geo(path)

    counts = [len(result.points), len(result.primitives.vertex_points), len(result.primitives)]
    assert counts == about["counts"]
    assert [primitive_count(path, element) for element in ("point", "primitive")] == counts[::2]
    found = {f"{OWNERS[owner]}:{name}" for owner, name in attributes(result)}
    kept = {f"{OWNERS[key[0]]}:{key[1]}" for key in result.kept if isinstance(key, tuple)}
    assert found | kept == set(about["attributes"])
    for key, sums in about["sum_min_max"].items():
        owner, name = key.split(":", 1)
        array = attributes(result)[owner, name]
        if about["attributes"].get(f"{OWNERS[owner]}:{name}", "").endswith("x4") and name == "P":
            array = np.hstack([array, np.ones((len(array), 1))])  # the weight, which is left out
        assert np.allclose([array.sum(dtype=np.float64), array.min(), array.max()], sums, rtol=1e-5, atol=2e-5)
    for key, (_, members) in about["groups"].items():
        owner = {short: long for long, short in OWNERS.items()}[key[:2]]
        assert result.groups[owner, key[3:]].sum() == members
    for number in range(len(result.primitives)):
        kind = result.primitives.kind(number)
        if kind == "Volume":
            assert voxels_of(result, number).ndim == 3
        elif kind in ("PackedGeometry", "PackedFragment"):
            assert len(packed_geometry(result, number).points)
    for suffix in ("geo", "bgeo", "bgeo.sc"):
        write_geo(f"again.{suffix}", result)
        assert_equal(read_geo(f"again.{suffix}"), result)


LAYERS = {"json": ["ascii"], "bjson<": ["binary <"], "sc+bjson<": ["scf", "binary <"]}


@pytest.mark.parametrize("about", READ, ids=[one["file"] for one in READ])
def test_the_layers_of_a_file_are_told_apart_and_its_start_is_that_of_its_document(about):
    path = CORPUS / about["file"]

    data, names = unpacked(path)

    assert names == LAYERS[about["layers"]]
    assert start_of(path) == bytes(data[:65536])
    assert scf.unpacked(scf.packed(data)) == data


BOTH = [one for one in READ if one["file"].endswith(".geo") and (CORPUS / one["file"]).with_suffix(".bgeo").exists()]


@pytest.mark.parametrize("about", BOTH, ids=[one["file"] for one in BOTH])
def test_the_same_scene_saved_as_text_and_in_binary_is_read_alike(about):
    path = CORPUS / about["file"]

    assert_equal(read_geo(path), read_geo(path.with_suffix(".bgeo")))


@pytest.mark.parametrize("about", [one for one in expected() if "refused" in one or "odd" in one], ids=str)
def test_what_is_classic_or_broken_on_purpose_gets_a_sentence(about):
    with pytest.raises(UserError, match="is classic geometry of Houdini 11 and older|is not Houdini geometry"):
        read_geo(CORPUS / about["file"])
