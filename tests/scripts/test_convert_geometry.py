"""Files of other programs become a table or a file of Houdini's, with a sidecar that counts their elements."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from pxr import Sdf, Usd, UsdGeom

from convert_geometry import main
from geokiln.geometry.geo_file import read_geo
from geokiln.storage.digests import quick_digests
from geokiln.storage.results import read_result

PLY = "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
FACE = "element face 1\nproperty list uchar int vertex_indices\nend_header\n0 0 0\n1 0 0\n1 1 0\n3 0 1 2\n"


def arguments(source, output, **options):
    words = [word for key, value in options.items() for word in (f"--{key.replace('_', '-')}", value)]
    return ["--source", source, "--output", output, "--sidecar", f"{output}.json", *words]


def convert(source, output, **options):
    main(arguments(source, output, **options))
    return read_result(f"{output}.json")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_becomes_arrays(suffix, capsys):
    given = {"time": np.array([0.5, 1.5]), "name": np.array(["a", "bc"]), "id": np.array([2**60, 7])}
    if suffix == "csv":
        Path("runs.csv").write_text(f"time,name,id\n0.5,a,{2**60}\n1.5,bc,7\n")
    else:
        pyarrow.parquet.write_table(pa.table(given), "runs.parquet")

    about = convert(f"runs.{suffix}", "geometry/runs.npz", element="point")

    arrays = np.load("geometry/runs.npz")
    assert {name: arrays[name].tolist() for name in arrays.files} == {n: array.tolist() for n, array in given.items()}
    assert about["elements"] == 2
    assert capsys.readouterr().out == "2 rows -> geometry/runs.npz\n"


@pytest.mark.parametrize(
    ("element", "count", "said"),
    [("primitive", 1, "1 primitives"), ("point", 3, "3 points"), ("detail", 1, "1 geometry")],
)
def test_a_mesh_becomes_a_file_of_houdinis(element, count, said, capsys):
    Path("scan.PLY").write_text(PLY + FACE)

    about = convert("scan.PLY", "scan.bgeo", element=element)

    assert about["elements"] == count
    assert list(read_geo("scan.bgeo").primitives) == [[0, 2, 1]]
    assert capsys.readouterr().out == f"{said} -> scan.bgeo\n"


def test_the_sidecar_of_a_stage_names_its_layers(tmp_path):
    for name in ("skin", "hand"):
        stage = Usd.Stage.CreateNew(f"rig/{name}.usda")
        UsdGeom.Points.Define(stage, f"/{name}").CreatePointsAttr([(0, 0, 0)])
        stage.GetRootLayer().subLayerPaths = ["skin.usda"] if name == "hand" else []
        stage.Save()

    about = convert("rig/hand.usda", "hand.bgeo", element="point")

    assert about["elements"] == 2
    assert list(about["layers"]) == ["rig/skin.usda"]


def test_the_sidecar_of_a_stage_names_its_value_clips():
    for name in ("walk", "clips", "stage"):
        stage = Usd.Stage.CreateNew(f"{name}.usda")
        points = UsdGeom.Points.Define(stage, "/a").CreatePointsAttr()
        for time in (1, 2) if name == "walk" else ():
            points.Set([(0, 0, time)], time)
        if name == "stage":
            clips = Usd.ClipsAPI(stage.GetPrimAtPath("/a"))
            clips.SetClipAssetPaths([Sdf.AssetPath("./walk.usda")])
            clips.SetClipManifestAssetPath(Sdf.AssetPath("./clips.usda"))
            clips.SetClipPrimPath("/a")
            clips.SetClipActive([(1, 0)])
            clips.SetClipTimes([(1, 1), (2, 2)])
        stage.Save()

    about = convert("stage.usda", "stage.bgeo")

    assert read_geo("stage.bgeo").primitive_attributes["frame"].tolist() == [1, 2]
    assert list(about["layers"]) == ["clips.usda", "walk.usda"]


@pytest.mark.parametrize(
    ("content", "digest", "sentence"),
    [
        ("time\n1\n", "that of another file", "one of runs.csv changed after this run was planned; nothing was"),
        ("time,time\n1,2\n", "", "runs.csv: two columns are called 'time'; rename one"),
        (None, "", "runs.csv does not exist"),
    ],
)
def test_nothing_is_made_of_a_file_that_is_not_right(content, digest, sentence, failure):
    if content is not None:
        Path("runs.csv").write_text(content)

    message = failure(main, arguments("runs.csv", "geometry/runs.npz", source_digest=digest))

    assert message.startswith(f"convert_geometry: {sentence}")
    assert not list(Path("geometry").glob("*runs*"))


def test_the_file_that_the_run_was_planned_with_is_taken():
    Path("runs.csv").write_text("time\n1\n")

    assert convert("runs.csv", "runs.npz", source_digest=quick_digests(["runs.csv"]), plan="p")["elements"] == 1
    assert json.loads(Path("runs.npz.json").read_text())["made_from"]["plan"] == "p"
