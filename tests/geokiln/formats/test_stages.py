"""USD: prims as geometry, frames as packed primitives, and stages that are none."""

import numpy as np
import pytest
from pxr import Gf, Sdf, Usd, UsdGeom, UsdSkel, Vt

from geokiln.errors import UserError
from geokiln.formats import stages
from geokiln.formats.stages import files_of, open_stage, read_stage
from geokiln.geometry.geo_file import read_geo, write_geo
from geokiln.geometry.packed import packed_geometry

TYPES = Sdf.ValueTypeNames
SQUARE = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]


@pytest.fixture
def stage():
    """A stage in memory; `saved` writes it."""
    return Usd.Stage.CreateInMemory()


def saved(stage, path="stage.usda"):
    stage.GetRootLayer().Export(path)
    return path


def mesh(stage, path, points=SQUARE, faces=([0, 1, 2, 3],)):
    made = UsdGeom.Mesh.Define(stage, path)
    made.CreatePointsAttr(points)
    made.CreateFaceVertexCountsAttr([len(face) for face in faces])
    made.CreateFaceVertexIndicesAttr([corner for face in faces for corner in face])
    return made


def primvar(prim, name, kind, interpolation, value, indices=None, size=None):
    made = UsdGeom.PrimvarsAPI(prim).CreatePrimvar(name, kind, interpolation, *([size] if size else []))
    made.Set(value)
    if indices:
        made.SetIndices(Vt.IntArray(indices))


@pytest.mark.parametrize("suffix", ["usd", "usda", "usdc", "usdz"])
def test_primvars_of_every_interpolation_are_attributes_and_indexed_ones_are_expanded(stage, suffix, capsys):
    made = mesh(stage, "/w/m", faces=[[0, 1, 2], [0, 2, 3]])
    primvar(made, "displayColor", TYPES.Color3fArray, "constant", [(1, 0, 0)])
    primvar(made, "weights", TYPES.FloatArray, "constant", [0.25, 0.5])
    primvar(made, "material", TYPES.StringArray, "uniform", ["skin", "nail"], [1, 0])
    primvar(made, "heat", TYPES.DoubleArray, "vertex", [1, 2, 3, 4])
    primvar(made, "pair", TYPES.FloatArray, "varying", list(range(8)), size=2)
    primvar(made, "turn", TYPES.QuatfArray, "vertex", [Gf.Quatf(1, 2, 3, 4)] * 4)
    primvar(made, "st", TYPES.TexCoord2fArray, "faceVarying", [(0, 0), (1, 1)], [0, 1, 0, 1, 0, 1])
    primvar(made, "broken", TYPES.FloatArray, "vertex", [1, 2, 3])
    UsdGeom.Subset.CreateGeomSubset(made, "tip", "face", [1])
    if suffix == "usdz":
        from pxr import UsdUtils

        UsdUtils.CreateNewUsdzPackage(saved(stage, "inner.usdc"), "stage.usdz")
        path = "stage.usdz"
    else:
        path = saved(stage, f"stage.{suffix}")

    geometry = read_stage(path)

    assert [list(geometry.primitives), geometry.primitives.closed().tolist()] == [[[0, 2, 1], [0, 3, 2]], [True, True]]
    assert {name: array.tolist() for name, array in geometry.primitive_attributes.items()} == {
        "Cd": [[1, 0, 0]] * 2,
        "weights": [[0.25, 0.5]] * 2,
        "material": ["nail", "skin"],
        "path": ["/w/m"] * 2,
    }
    assert {name: array.tolist() for name, array in geometry.point_attributes.items()} == {
        "heat": [1, 2, 3, 4],
        "pair": [[0, 1], [2, 3], [4, 5], [6, 7]],
        "turn": [[2, 3, 4, 1]] * 4,
    }
    assert geometry.vertex_attributes["uv"].tolist() == [[0, 0], [0, 0], [1, 1], [1, 1], [1, 1], [0, 0]]
    assert geometry.groups["primitive", "tip"].tolist() == [False, True]
    assert capsys.readouterr().out.endswith(f"{path}: not taken: /w/m broken (vertex, not a value for each point)\n")
    assert files_of(open_stage(path)) == []


def test_prims_are_joined_in_the_world_and_inherit_what_their_parents_say(stage):
    UsdGeom.SetStageUpAxis(stage, "Z")
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    root = UsdGeom.Xform.Define(stage, "/w")
    root.AddTranslateOp().Set((10, 0, 0))
    primvar(root, "side", TYPES.String, "constant", "left")
    turned = mesh(stage, "/w/m")
    turned.AddRotateZOp().Set(90)
    turned.CreateNormalsAttr([(1, 0, 0)] * 4)
    turned.CreateOrientationAttr("leftHanded")
    curves = UsdGeom.BasisCurves.Define(stage, "/w/hair")
    curves.CreatePointsAttr([(0, 0, 0), (0, 0, 1), (0, 0, 2), (1, 0, 0), (2, 0, 0)])
    curves.CreateCurveVertexCountsAttr([3, 2])
    curves.CreateTypeAttr("linear")
    curves.CreateWidthsAttr([1, 2, 3, 4, 5])
    dust = UsdGeom.Points.Define(stage, "/w/dust")
    dust.CreatePointsAttr([(5, 5, 5)])
    dust.CreateIdsAttr([2**40])

    geometry = read_stage(saved(stage))

    kinds = [geometry.primitives.kind(number) for number in range(3)]
    assert kinds == ["Polygon", "PolygonCurve", "PolygonCurve"]
    assert list(geometry.primitives) == [[0, 1, 2, 3], [4, 5, 6], [7, 8]]
    assert np.allclose(geometry.points[:4], [(10, 0, 0), (10, 1, 0), (9, 1, 0), (9, 0, 0)])
    assert geometry.points[9].tolist() == [15, 5, 5]
    assert np.allclose(geometry.point_attributes["N"][:5], [(0, 1, 0)] * 4 + [(0, 0, 0)])
    assert geometry.point_attributes["width"].tolist() == [0, 0, 0, 0, 1, 2, 3, 4, 5, 0]
    assert geometry.point_attributes["id"].tolist() == [0] * 9 + [2**40]
    assert geometry.point_attributes["path"].tolist() == [""] * 9 + ["/w/dust"]
    assert geometry.primitive_attributes["path"].tolist() == ["/w/m", "/w/hair", "/w/hair"]
    assert geometry.primitive_attributes["side"].tolist() == ["left"] * 3
    assert geometry.detail_attributes["upAxis"].tolist() == ["Z"]
    assert geometry.detail_attributes["metersPerUnit"].tolist() == [1]


def test_native_instances_are_expanded_and_what_is_no_part_of_the_picture_is_named(stage, capsys):
    mesh(stage, "/proto/m")
    stage.GetPrimAtPath("/proto").SetSpecifier(Sdf.SpecifierClass)
    for number in range(2):
        copy = UsdGeom.Xform.Define(stage, f"/copy{number}")
        copy.GetPrim().GetReferences().AddInternalReference("/proto")
        copy.GetPrim().SetInstanceable(True)
        copy.AddTranslateOp().Set((0, 0, number))
    mesh(stage, "/rough").CreatePurposeAttr("proxy")
    mesh(stage, "/hidden").CreateVisibilityAttr("invisible")
    UsdGeom.Sphere.Define(stage, "/ball")

    geometry = read_stage(saved(stage))

    assert geometry.points[:, 2].tolist() == [0] * 4 + [1] * 4
    assert geometry.primitive_attributes["path"].tolist() == ["/copy0/m", "/copy1/m"]
    said = capsys.readouterr().out
    assert said.count("Geokiln warns") == 1
    for part in ("proxy geometry", "invisible geometry", "prims of type Sphere"):
        assert part in said


def test_a_point_instancer_shows_its_prototypes_where_it_says(stage):
    many = UsdGeom.PointInstancer.Define(stage, "/many")
    many.AddTranslateOp().Set((0, 0, 100))
    for name, points in (("a", SQUARE), ("b", SQUARE[:1])):
        UsdGeom.Xform.Define(stage, f"/many/{name}").AddTranslateOp().Set((0, 50, 0))
        kind = UsdGeom.Points.Define(stage, f"/many/{name}/dots") if name == "b" else mesh(stage, f"/many/{name}/m")
        kind.CreatePointsAttr(points)
        many.CreatePrototypesRel().AddTarget(f"/many/{name}")
    many.CreateProtoIndicesAttr([0, 1, 0])
    many.CreatePositionsAttr([(1000, 0, 0), (2000, 0, 0), (3000, 0, 0)])
    many.CreateInvisibleIdsAttr([0])

    geometry = read_stage(saved(stage))

    assert geometry.points.tolist() == [[2000, 50, 100]] + [[3000 + x, 50 + y, 100] for x, y, _ in SQUARE]
    assert geometry.primitive_attributes["path"].tolist() == ["/many/a/m"]
    assert geometry.primitive_attributes["instance"].tolist() == [2]
    assert geometry.point_attributes["instance"].tolist() == [1, 0, 0, 0, 0]


def copies(stage, *prototypes):
    """A point instancer with a copy of each prototype, at x = 100, 200 and so on."""
    many = UsdGeom.PointInstancer.Define(stage, "/many")
    many.CreatePrototypesRel().SetTargets(list(prototypes))
    many.CreateProtoIndicesAttr(range(len(prototypes)))
    many.CreatePositionsAttr([(100 * (number + 1), 0, 0) for number in range(len(prototypes))])
    return many


@pytest.mark.parametrize("above", [Sdf.SpecifierOver, Sdf.SpecifierClass], ids=["over", "class"])
def test_prototypes_that_are_not_in_the_scene_are_shown_and_one_that_is_not_there_is_named(stage, above, capsys):
    mesh(stage, "/kinds/a")
    stage.GetRootLayer().GetPrimAtPath("/kinds").specifier = above
    copies(stage, "/kinds/a", "/kinds/gone")

    assert read_stage(saved(stage)).points.tolist() == [[100 + x, y, z] for x, y, z in SQUARE]
    assert "not taken: copies of /many whose prototype is not there\n" in capsys.readouterr().out


def test_a_prototype_that_moves_is_animated_though_it_is_not_in_the_scene(stage):
    skin = mesh(stage, "/kinds/a")
    for time in (1, 2):
        skin.GetPointsAttr().Set([(0, 0, time)] * 4, time)
    stage.GetRootLayer().GetPrimAtPath("/kinds").specifier = Sdf.SpecifierClass
    copies(stage, "/kinds/a")

    geometry = read_stage(saved(stage))

    assert [packed_geometry(geometry, frame).points[0].tolist() for frame in (0, 1)] == [[100, 0, 1], [100, 0, 2]]


def test_a_point_instancer_that_is_invisible_or_a_guide_shows_no_prototypes_of_elsewhere(stage, capsys):
    mesh(stage, "/kinds/a")
    stage.GetRootLayer().GetPrimAtPath("/kinds").specifier = Sdf.SpecifierClass
    many = copies(stage, "/kinds/a")
    for time, value in ((1, "invisible"), (2, "inherited")):
        many.CreateVisibilityAttr().Set(value, time)
    animated = read_stage(saved(stage))
    many.CreatePurposeAttr("guide")

    assert [len(packed_geometry(animated, frame).points) for frame in (0, 1)] == [0, 4]
    assert "not taken: invisible geometry\n" in capsys.readouterr().out
    with pytest.raises(UserError, match="holds no geometry: no mesh, points or curves that are visible"):
        read_stage(saved(stage, "guide.usda"))


@pytest.fixture
def hand(stage):
    """A finger that bends: a rig's attribute, a transform, a primvar and points move, at different times."""
    finger = UsdGeom.Xform.Define(stage, "/hand/finger")
    bend = finger.GetPrim().CreateAttribute("rig:bend", TYPES.Double)
    turn = finger.AddRotateZOp()
    skin = mesh(stage, "/hand/finger/skin")
    bulge = UsdGeom.PrimvarsAPI(skin).CreatePrimvar("bulge", TYPES.Float, "constant")
    heat = UsdGeom.PrimvarsAPI(skin).CreatePrimvar("heat", TYPES.FloatArray, "vertex")
    for time in (1, 3):
        bend.Set(time / 10, time)
        turn.Set(90 * (time - 1), time)
        bulge.Set(time, time)
        heat.Set([time] * 4, time)
    skin.GetPointsAttr().Set([(0, 0, 2)] * 4, 4)
    skin.GetPointsAttr().Set([(0, 0, 0)] * 4, 2)
    return saved(stage, "hand.usdc")


def test_each_time_is_a_packed_primitive_with_what_is_animated(hand):
    write_geo("hand.bgeo", read_stage(hand))
    geometry = read_geo("hand.bgeo")

    attributes = geometry.primitive_attributes
    assert len(geometry.primitives) == 4
    assert list(attributes) == ["frame", "hand_finger_transform", "hand_finger_rig_bend", "hand_finger_skin_bulge"]
    assert attributes["frame"].tolist() == [1, 2, 3, 4] and attributes["frame"].dtype == np.int64
    assert np.allclose(attributes["hand_finger_rig_bend"], [0.1, 0.2, 0.3, 0.3])
    assert np.allclose(attributes["hand_finger_transform"][1, :6], [0, 1, 0, 0, -1, 0])
    frames = [packed_geometry(geometry, number) for number in range(4)]
    assert [frame.points[0, 2] for frame in frames] == [0, 0, 1, 2]  # in between, USD interpolates
    assert [frame.point_attributes["heat"][0] for frame in frames] == [1, 2, 3, 3]
    assert all(list(frame.primitives) == [[0, 3, 2, 1]] for frame in frames)
    assert geometry.detail_attributes["metersPerUnit"].tolist() == [0.01]


def test_times_between_frames_are_kept_and_a_single_one_is_no_animation(stage):
    skin = mesh(stage, "/skin")
    skin.GetPointsAttr().Clear()
    skin.GetPointsAttr().Set(SQUARE, 101)
    single = read_stage(saved(stage))
    skin.GetPointsAttr().Set(SQUARE, 101.5)
    both = read_stage(saved(stage, "both.usda"))

    assert (len(single.points), list(single.primitives)) == (4, [[0, 3, 2, 1]])
    assert both.primitive_attributes["frame"].tolist() == [101, 101.5]


@pytest.mark.parametrize("grows", ["points", "attribute"])
def test_frames_that_do_not_fit_into_memory_are_refused_and_what_they_share_counts_once(stage, grows, monkeypatch):
    cloud = UsdGeom.Points.Define(stage, "/cloud")
    cloud.CreatePointsAttr([(0, 0, 0)] * 100)
    primvar(cloud, "still", TYPES.FloatArray, "vertex", [0.5] * 10_000, size=100)
    moves = stage.DefinePrim("/rig").CreateAttribute("bend", TYPES.Double)
    for time in range(50):
        moves.Set(time, time)
    monkeypatch.setattr(stages, "memory", lambda: 800_000)
    assert len(read_stage(saved(stage)).primitives) == 50

    for time in range(1, 50):
        if grows == "points":
            cloud.GetPointsAttr().Set([(0, 0, 0)] * (1000 if time > 1 else 1), time)
        else:
            cloud.GetPrim().GetAttribute("primvars:still").Set([time] * 10_000, time)
    with pytest.raises(UserError, match=r"grows.usda needs more memory than there is: \d+ of its 50 frames hold 0.000"):
        read_stage(saved(stage, "grows.usda"))


def test_copies_that_do_not_fit_into_memory_are_refused(stage, monkeypatch):
    mesh(stage, "/kinds/a")
    many = copies(stage, "/kinds/a")
    monkeypatch.setattr(stages, "memory", lambda: 100_000)
    assert len(read_stage(saved(stage)).points) == 8  # itself and a copy

    many.CreateProtoIndicesAttr([0] * 1000)
    many.CreatePositionsAttr([(0, 0, 0)] * 1000)
    with pytest.raises(UserError, match="more.usda needs more memory than there is: /many shows too many copies"):
        read_stage(saved(stage, "more.usda"))


def test_what_has_another_shape_in_another_frame_is_no_attribute(stage, capsys):
    mesh(stage, "/skin").GetPointsAttr().Set(SQUARE[:3] + SQUARE[:1], 1)
    names = stage.DefinePrim("/rig").CreateAttribute("values", TYPES.FloatArray)
    names.Set([1, 2], 1)
    names.Set([1, 2, 3], 2)

    assert list(read_stage(saved(stage)).primitive_attributes) == ["frame"]
    assert "/rig.values (of another shape from frame to frame)" in capsys.readouterr().out


@pytest.mark.parametrize("hidden", [1, 2])
def test_a_frame_in_which_nothing_is_visible_holds_nothing(stage, hidden):
    skin = mesh(stage, "/skin")
    skin.CreateVisibilityAttr().Set("invisible", hidden)
    skin.CreateVisibilityAttr().Set("inherited", 3 - hidden)

    write_geo("a.bgeo", read_stage(saved(stage)))

    counts = [len(packed_geometry(read_geo("a.bgeo"), number).points) for number in range(2)]
    assert counts == ([0, 4] if hidden == 1 else [4, 0])


@pytest.mark.parametrize(
    ("name", "kind", "values", "sentence"),
    [
        ("count", TYPES.UInt64, [2**63, 2**63 + 1], "primitive attribute 'rig_a_count' (numbers beyond 63 bits)"),
        ("twist", TYPES.Double, [1, np.nan], "primitive attribute 'rig_a_twist' (it is not finite everywhere)"),
        ("bend", TYPES.Double, [1, 2], "/rig_a.bend (another value is called rig_a_bend, too)"),
    ],
    ids=["large", "NaN", "name"],
)
def test_an_animated_value_that_has_no_place_is_named(stage, name, kind, values, sentence, capsys):
    mesh(stage, "/skin")
    fine = stage.DefinePrim("/rig").CreateAttribute("a:bend", TYPES.Double)
    odd = stage.DefinePrim("/rig_a").CreateAttribute(name, kind)
    for time, value in enumerate(values):
        fine.Set(time / 10, time)
        odd.Set(value, time)

    attributes = read_stage(saved(stage)).primitive_attributes

    assert f"not taken: {sentence}" in capsys.readouterr().out
    assert list(attributes) == ["frame", "rig_a_bend"] and attributes["rig_a_bend"].tolist() == [0, 0.1]


def test_a_skinned_mesh_follows_its_skeleton_whose_joints_are_attributes(stage):
    UsdSkel.Root.Define(stage, "/r")
    bones = UsdSkel.Skeleton.Define(stage, "/r/bones")
    bones.CreateJointsAttr(["root"])
    bones.CreateBindTransformsAttr([Gf.Matrix4d(1)])
    bones.CreateRestTransformsAttr([Gf.Matrix4d(1)])
    moves = UsdSkel.Animation.Define(stage, "/r/moves")
    moves.CreateJointsAttr(["root"])
    moves.CreateRotationsAttr([Gf.Quatf(1)])
    moves.CreateScalesAttr([Gf.Vec3h(1, 1, 1)])
    for time in (1, 2):
        moves.CreateTranslationsAttr().Set([Gf.Vec3f(0, 0, time)], time)
    UsdSkel.BindingAPI.Apply(bones.GetPrim()).CreateAnimationSourceRel().AddTarget("/r/moves")
    skin = UsdSkel.BindingAPI.Apply(mesh(stage, "/r/skin").GetPrim())
    skin.CreateSkeletonRel().AddTarget("/r/bones")
    skin.CreateJointIndicesPrimvar(False, 1).Set([0] * 4)
    skin.CreateJointWeightsPrimvar(False, 1).Set([1.0] * 4)

    geometry = read_stage(saved(stage))

    assert geometry.primitive_attributes["r_moves_translations"].tolist() == [[0, 0, 1], [0, 0, 2]]
    assert [packed_geometry(geometry, frame).points[0].tolist() for frame in (0, 1)] == [[0, 0, 1], [0, 0, 2]]


@pytest.mark.parametrize("folder", ["rig", "rig[2]", "[rig"])
def test_other_files_of_a_stage_are_told(stage, tmp_path, folder, monkeypatch):
    (tmp_path / folder).mkdir()
    monkeypatch.chdir(folder)
    skin = Usd.Stage.CreateInMemory()
    skin.SetDefaultPrim(mesh(skin, "/skin").GetPrim())
    saved(skin, "skin.usdc")
    stage.DefinePrim("/a").GetReferences().AddReference("./skin.usdc")
    stage.GetRootLayer().subLayerPaths.append("./look.usda")
    saved(Usd.Stage.CreateInMemory(), "look.usda")

    opened = open_stage(saved(stage))

    assert files_of(opened) == [str(tmp_path / folder / name) for name in ("look.usda", "skin.usdc")]
    assert len(read_stage("stage.usda", opened).points) == 4


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.usda", "#usda 1.0\n(", r"a.usda cannot be read as USD \(.*Expected \).*\); save it again"),
        ("a.usdc", "PXR-USDC, and no more", r"a.usdc cannot be read as USD \(File too small"),
        ("a.usdz", "PK", r"a.usdz cannot be read as USD \(Failed to open layer @a.usdz@\)"),
        ("a.usd", "hello", "a.usd cannot be read as USD"),
        ("a.usd", "", "a.usd is empty"),
        ("a.usd", "version https://git-lfs.github.com/spec/v1\n", "a.usd is a pointer of Git LFS"),
        ("a.usda", '#usda 1.0\ndef Scope "s" {}\n', "a.usda holds no geometry: no mesh, points or curves"),
        ("a.usda", '#usda 1.0\ndef Mesh "m" {}\n', "its meshes, points and curves are empty or invisible"),
        (
            "a.usda",
            '#usda 1.0\ndef "m" (references = @gone.usda@) {}\n',
            "not complete: Could not open asset @gone.usda@",
        ),
        (
            "a.usda",
            '#usda 1.0\ndef Mesh "m" {\npoint3f[] points=[(0,0,0)]\nint[] faceVertexCounts=[3]\n'
            "int[] faceVertexIndices=[0,1,2]\n}\n",
            "a.usda: /m has faces of points that are not there, of 1; export it again",
        ),
        (
            "a.usda",
            '#usda 1.0\ndef Mesh "m" {\npoint3f[] points=[(0,0,0)]\nint[] faceVertexCounts=[4]\n'
            "int[] faceVertexIndices=[0,0,0]\n}\n",
            "a.usda: /m has faces of 4 corners, and lists 3; export it again",
        ),
        (
            "a.usda",
            '#usda 1.0\ndef Mesh "m" {\npoint3f[] points=[(0,0,0)]\nint[] faceVertexIndices=[0,0,0]\n}\n',
            "a.usda: /m has faces of 0 corners, and lists 3; export it again",
        ),
        ("a.usda", '#usda 1.0\ndef Points "p" {\npoint3f[] points=[(0,0,nan)]\n}\n', "a.usda: point 0 is not finite"),
    ],
)
def test_a_stage_that_cannot_be_read_ends_in_one_sentence(tmp_path, name, content, sentence, capfd):
    (tmp_path / name).write_text(content)

    with pytest.raises(UserError, match=sentence) as raised:
        read_stage(name)
    assert "/opt/" not in str(raised.value) and "\n" not in str(raised.value)
    assert capfd.readouterr() == ("", "")
