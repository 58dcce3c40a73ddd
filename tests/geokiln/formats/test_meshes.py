"""Meshes: what each kind of cell becomes, what is named because it has no place, and files that are broken."""

import struct

import meshio
import numpy as np
import pytest

from geokiln.errors import UserError
from geokiln.formats import meshes, obj
from geokiln.formats.meshes import read_mesh
from geokiln.geometry.geo_file import read_geo, write_geo

POINTS = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], np.float32)
HEXAHEDRON = [0, 1, 3, 2, 4, 5, 7, 6]


def kinds(geometry):
    primitives = geometry.primitives
    return [(primitives.kind(number), primitives.points_of(number).tolist()) for number in range(len(primitives))]


@pytest.mark.parametrize("suffix", ["vtk", "vtu"])
def test_cells_are_primitives_in_their_order_with_their_data(suffix, capsys):
    cells = [
        ("triangle", [[0, 1, 2]]),
        ("line", [[0, 1]]),
        ("triangle", [[1, 3, 2]]),
        ("tetra", [[0, 1, 2, 4]]),
        ("hexahedron", [HEXAHEDRON]),
        ("vertex", [[7]]),
        ("polygon", [[0, 1, 5, 7, 2]]),
        ("triangle6", [[0, 1, 2, 3, 4, 5]]),
    ]
    heat = [[float(number)] for number in range(len(cells))]
    data = {"T": np.arange(8.0), "id": np.arange(8, dtype=np.uint32), "stress": np.arange(72.0).reshape(8, 9)}
    meshio.Mesh(POINTS, cells, data, {"heat": heat}).write(f"part.{suffix}")

    geometry = read_mesh(f"part.{suffix}")

    assert kinds(geometry) == [
        ("Polygon", [0, 2, 1]),  # turned round
        ("PolygonCurve", [0, 1]),
        ("Polygon", [1, 2, 3]),
        ("Tetrahedron", [0, 1, 2, 4]),
        ("PolySoup", HEXAHEDRON),
        ("PolygonCurve", [7]),
        ("Polygon", [0, 2, 7, 5, 1]),
        ("Polygon", [0, 2, 1]),
    ]
    assert geometry.primitives.closed().tolist() == [True, False, True, False, False, False, True, True]
    assert geometry.primitive_attributes["heat"].tolist() == list(range(8))
    assert {name: array.shape for name, array in geometry.point_attributes.items()} == {
        "T": (8,), "id": (8,), "stress": (8, 9)
    }  # fmt: skip
    assert geometry.points.tolist() == POINTS.tolist()
    said = capsys.readouterr().out
    assert said == (
        f"Geokiln warns: part.{suffix}: not taken: the inner points of triangle6 cells, which stay as points\n"
    )


def test_the_faces_of_a_solid_look_outwards_as_houdinis_do_and_come_back_from_a_file():
    wedge, pyramid = [0, 2, 1, 4, 6, 5], [0, 1, 3, 2, 4]
    cells = [("hexahedron", [HEXAHEDRON] * 2), ("wedge", [wedge]), ("pyramid", [pyramid])]
    meshio.Mesh(POINTS, cells).write("solids.vtu")

    geometry = read_mesh("solids.vtu")
    write_geo("solids.bgeo", geometry)

    for one in (geometry, read_geo("solids.bgeo")):
        corners, starts, owners = one.primitives.polygons()
        assert np.bincount(owners).tolist() == [6, 6, 5, 5]
        volumes = np.zeros(4)
        for start, end, owner in zip(starts, starts[1:], owners, strict=False):
            face = one.points[corners[start:end]]
            for second, third in zip(face[1:], face[2:], strict=False):
                volumes[owner] += np.linalg.det([face[0], second, third]) / 6
        assert np.allclose(volumes, [-1, -1, -0.5, -1 / 3])  # clockwise seen from outside


def test_points_without_cells_are_points(tmp_path):
    head = "# vtk DataFile Version 3.0\ncloud\nASCII\nDATASET UNSTRUCTURED_GRID\n"
    body = "POINTS 2 float\n0 0 0 1 2 3\nCELLS 0 0\nCELL_TYPES 0\nPOINT_DATA 2\n"
    (tmp_path / "cloud.vtk").write_text(head + body + "SCALARS T float 1\nLOOKUP_TABLE default\n0.5 1\n")

    geometry = read_mesh(tmp_path / "cloud.vtk")

    assert [geometry.points.tolist(), len(geometry.primitives)] == [[[0, 0, 0], [1, 2, 3]], 0]
    assert geometry.point_attributes["T"].tolist() == [0.5, 1]


def test_flat_points_get_a_third_number_and_one_part_with_one_instance_is_read(tmp_path):
    part = "*Part, name=a\n*Node\n1, 0, 1\n2, 2, 3\n*Element, type=T2D2\n1, 1, 2\n*End Part\n"
    (tmp_path / "part.inp").write_text(f"{part}*Instance, name=a-1, part=a\n*End Instance\n")

    assert read_mesh(tmp_path / "part.inp").points.tolist() == [[0, 1, 0], [2, 3, 0]]


GMSH_41 = """$MeshFormat
4.1 0 8
$EndMeshFormat
$PhysicalNames
2
1 8 "rim"
2 7 "skin"
$EndPhysicalNames
$Entities
0 1 1 0
1 0 0 0 1 0 0 1 8 0
1 0 0 0 1 1 0 1 7 0
$EndEntities
$Nodes
1 3 1 3
2 1 0 3
1
2
3
0 0 0
1 0 0
1 1 0
$EndNodes
$Elements
2 3 1 3
1 1 1 1
1 1 2
2 1 2 2
2 1 2 3
3 3 2 1
$EndElements
"""


def test_physical_groups_of_gmsh_are_groups(tmp_path):
    (tmp_path / "new.msh").write_text(GMSH_41)
    tags = [np.array([8]), np.array([7, 7])]
    cells = [("line", [[0, 1]]), ("triangle", [[0, 1, 2], [2, 1, 0]])]
    names = {"rim": np.array([8, 1]), "skin": np.array([7, 2]), "8 of points": np.array([8, 0])}
    data = {"gmsh:physical": tags, "gmsh:geometrical": tags}
    old = meshio.Mesh(POINTS, cells, cell_data=data, field_data=names)
    meshio.gmsh.write(tmp_path / "old.msh", old, "2.2", binary=False)

    new, old = (read_mesh(tmp_path / f"{name}.msh").groups for name in ("new", "old"))

    assert new["primitive", "rim"].tolist() == old["primitive", "rim"].tolist() == [True, False, False]
    assert new["primitive", "skin"].tolist() == old["primitive", "skin"].tolist() == [False, True, True]
    assert not old["primitive", "8 of points"].any()


def test_sets_of_abaqus_are_groups():
    mesh = meshio.Mesh(
        POINTS,
        [("quad", [[0, 1, 3, 2], [4, 5, 7, 6]]), ("tetra", [[0, 1, 2, 4]])],
        point_sets={"top": np.array([4, 5, 6, 7])},
        cell_sets={"lid": [np.array([1]), np.array([], int)]},
    )
    mesh.write("part.inp")

    groups = read_mesh("part.inp").groups

    assert groups["point", "top"].tolist() == [False] * 4 + [True] * 4
    assert groups["primitive", "lid"].tolist() == [False, True, False]


def test_an_stl_has_polygons_that_share_points():
    meshio.Mesh(POINTS, [("triangle", [[0, 1, 2], [1, 3, 2]])]).write("part.stl", binary=True)

    geometry = read_mesh("part.stl")

    assert [len(geometry.points), list(geometry.primitives)] == [4, [[0, 2, 1], [1, 2, 3]]]


def test_data_that_a_geometry_cannot_hold_is_left_out_by_name(capsys):
    data = {"T": np.full(8, np.nan), "P": np.zeros(8), "huge": np.full(8, 2**64 - 1, np.uint64)}
    meshio.Mesh(POINTS, [("line", [[0, 1]])], data).write("part.vtu")

    assert read_mesh("part.vtu").point_attributes == {}
    said = capsys.readouterr().out
    assert said.count("Geokiln warns: ") == 1
    for part in ("'T' (it is not finite everywhere)", "'P' (positions have that name)", "'huge' (numbers beyond"):
        assert f"point attribute {part}" in said


OBJ = """# a comment
mtllib part.mtl
o arm
v 0 0 0 1 0 0
v 1 0 0 0 1 0
v 1 1 0 0 0 1
v 0 1 0 1 1 1
vt 0 0.5
vt 1 0.5
vn 0 0 1
g inner upper
usemtl steel
f 1/1/1 2/2/1 3/1/1
f -4//1 -2//1 \\
  -1//1
o
g
s 1
f 1 2 3 4
l 1 2 3
p 1 2
curv 0 1 1 2
"""


def test_an_obj_keeps_polygons_normals_colours_and_groups(tmp_path, capsys):
    (tmp_path / "part.OBJ").write_text(OBJ)

    geometry = read_mesh(tmp_path / "part.OBJ")

    assert kinds(geometry) == [
        ("Polygon", [0, 2, 1]),
        ("Polygon", [0, 3, 2]),
        ("Polygon", [0, 3, 2, 1]),
        ("PolygonCurve", [0, 1, 2]),
        ("PolygonCurve", [0]),
        ("PolygonCurve", [1]),
    ]
    assert geometry.point_attributes["Cd"].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]
    assert geometry.vertex_attributes["uv"][:4].tolist() == [[0, 0.5], [0, 0.5], [1, 0.5], [0, 0]]
    assert geometry.vertex_attributes["N"].tolist() == [[0, 0, 1]] * 6 + [[0, 0, 0]] * 9
    assert geometry.primitive_attributes["name"].tolist() == ["arm"] * 2 + [""] * 4
    assert geometry.primitive_attributes["material"].tolist() == ["steel"] * 6
    assert {name: flags.sum() for name, flags in geometry.groups.items()} == {
        ("primitive", "inner"): 2, ("primitive", "upper"): 2
    }  # fmt: skip
    assert "not taken: lines of 'curv'\n" in capsys.readouterr().out


PLY = """ply
format {} 1.0
comment of a scanner
element vertex 4
property float x
property float y
property float z
property float nx
property float ny
property float nz
property uchar red
property uchar green
property uchar blue
property ushort quality
element face 3
property uchar flags
property list uchar int vertex_index
property list uchar float texcoord
property double area
element edge 1
property int vertex1
property int vertex2
element camera 1
property float zoom
end_header
"""


def test_groups_of_an_obj_hold_from_their_line_on(tmp_path, monkeypatch):
    lines = ["v 0 0 0\nf 1 1 1", "g a b", "f 1 1 1", "f 1 1 1", "g none", "g b", "l 1 1", "g", "p 1"]
    (tmp_path / "part.obj").write_text("\n".join(lines))
    monkeypatch.setattr(obj, "memory", lambda: 2 * 5 * 4)
    groups = read_mesh(tmp_path / "part.obj").groups

    assert {name: flags.tolist() for (_, name), flags in groups.items()} == {
        "a": [False, True, True, False, False],
        "b": [False, True, True, True, False],
    }
    monkeypatch.setattr(obj, "memory", lambda: 2 * 5 * 4 - 1)
    with pytest.raises(UserError, match=r"part.obj needs more memory than there is: 2 groups of 5 faces; save fewer"):
        read_mesh(tmp_path / "part.obj")


VTK = (
    b"# vtk DataFile Version 3.0\nx\nASCII\nDATASET UNSTRUCTURED_GRID\nPOINTS 3 float\n0 0 0 1 0 0 1 1 0\n"
    b"CELLS 1 4\n3 0 1 2\nCELL_TYPES 1\n5\n"
)
PLY_OF = """ply
format ascii 1.0
element vertex 1
property {} x
property float y
property float z
element face 1
property {} vertex_indices
element edge 1
property {} vertex1
property int vertex2
end_header
1 0 0 0 1 0 1 0 0
"""


def ply(form):
    order = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}[form]
    corners = [(0, 0), (1, 0), (1, 1), (0, 1)]
    rows = [("6f3BH", *corner, 0, 0, 0, 1, 255, 200, 0, 65535) for corner in corners]
    for face in ([0, 1, 2], [0, 1, 2, 3], [2, 3, 0]):
        texture = [0.25 * number for number in range(2 * len(face))]
        rows.append((f"BB{len(face)}iB{2 * len(face)}fd", 200, len(face), *face, len(texture), *texture, 0.5))
    rows += [("2i", 1, 3), ("f", 2.0)]
    header = PLY.format(form).encode()
    if not order:
        return header + b"".join(" ".join(map(str, row[1:])).encode() + b"\n" for row in rows)
    return header + b"".join(struct.pack(order + row[0], *row[1:]) for row in rows)


@pytest.mark.parametrize("form", ["ascii", "binary_little_endian", "binary_big_endian"])
def test_a_ply_keeps_polygons_colours_normals_and_all_properties(tmp_path, capsys, form):
    (tmp_path / "scan.ply").write_bytes(ply(form))

    geometry = read_mesh(tmp_path / "scan.ply")

    assert geometry.points.tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert kinds(geometry) == [
        ("Polygon", [0, 2, 1]),
        ("Polygon", [0, 3, 2, 1]),
        ("Polygon", [2, 0, 3]),
        ("PolygonCurve", [1, 3]),
    ]
    assert geometry.point_attributes["N"].tolist() == [[0, 0, 1]] * 4
    assert np.allclose(geometry.point_attributes["Cd"], [[1, 200 / 255, 0]] * 4)
    assert geometry.point_attributes["quality"].tolist() == [65535] * 4
    assert geometry.primitive_attributes["area"].tolist() == [0.5, 0.5, 0.5, 0]
    assert geometry.primitive_attributes["flags"].tolist() == [200, 200, 200, 0]
    assert geometry.vertex_attributes["uv"][3:7].tolist() == [[0, 0.25], [1.5, 1.75], [1, 1.25], [0.5, 0.75]]
    assert capsys.readouterr().out.endswith("not taken: element 'camera'\n")


@pytest.mark.parametrize(
    ("element", "lost"),
    [
        ("element face 0\nproperty list uchar int vertex_indices\nproperty uchar red\n", ""),
        ("element face 1\nproperty uchar red\n", "element 'face' (without vertex_indices)"),
        ("element edge 1\nproperty int vertex1\n", "element 'edge' (without vertex1 and vertex2)"),
    ],
)
def test_a_cloud_may_have_faces_of_nothing(tmp_path, capsys, element, lost):
    head = PLY.format("ascii").partition("element face")[0]
    (tmp_path / "scan.ply").write_text(f"{head}{element}end_header\n{'0 0 0 0 0 1 9 9 9 1 ' * 4}0")

    geometry = read_mesh(tmp_path / "scan.ply")

    assert [len(geometry.points), len(geometry.primitives), geometry.primitive_attributes] == [4, 0, {}]
    assert capsys.readouterr().out.partition("not taken: ")[2].strip() == lost


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("part.obj", b"", "part.obj is empty$"),
        ("part.obj", b"hello\n", "part.obj holds no geometry: neither points nor faces$"),
        ("part.obj", b"v 0 0 0\nf 1 2 3\n", r"cannot be read as .obj \(a point that is not there, of 1\); save it"),
        ("part.obj", b"v 0 0 0\nf -2 1 1\n", r"-2 refers to what is not there"),
        ("part.obj", b"v 0 0 zero\n", r"could not convert string to float: 'zero'"),
        ("part.obj", b"v 0 0 nan\n", r"point 0 is not finite \(NaN, Inf\)"),
        ("part.obj", b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
        ("scan.ply", b"ply\nformat ascii 1.0\n", "it has no header of a .ply"),
        ("scan.ply", ply("ascii")[:-10], "it is not complete"),
        ("scan.ply", ply("binary_big_endian")[:-90], "it is not complete"),
        ("scan.ply", PLY.format("ascii").replace("vertex 4", f"vertex {10**15}").encode() + b"0 " * 99, "are missing"),
        ("scan.ply", ply("ascii").replace(b"property float x", b"property half x"), "cannot be read as .ply"),
        ("scan.ply", ply("ascii").replace(b"list uchar", b"list char").replace(b"\n200 3", b"\n200 -1"), "list of -1 "),
        ("scan.ply", PLY_OF.format("list uchar float", "list uchar int", "int").encode(), "'x' .* is a list; it must"),
        ("scan.ply", PLY_OF.format("float", "int", "int").encode(), "'vertex_indices' .* is a number; it must be a li"),
        ("scan.ply", PLY_OF.format("float", "list uchar int", "list uchar int").encode(), "'vertex1' .* is a list; it"),
        ("part.stl", b"solid x\nfacet normal 0 0 1\n", "cannot be read as .stl"),
        ("part.off", b"OFF\n4 1 0\n" + b"0 0 0\n" * 4 + b"4 0 1 2 3\n", "cannot be read as .off"),
        ("part.vtk", b"# vtk DataFile Version 3.0\nx\nASCII\nDATASET POLYDATA\n", "Only VTK .*not POLYDATA"),
        ("part.vtk", VTK.replace(b"0 1 2", b"0 1 9"), r"cannot be read as .vtk \(a point that is not there, of 3\)"),
        ("part.vtu", b"<VTKFile/>", "cannot be read as .vtu"),
        ("part.vtu", b"<VTKFile><Piece></Piece><Piece></Piece></VTKFile>", "it has several pieces; save one"),
        ("part.msh", b"$MeshFormat\n9.9 0 8\n", "cannot be read as .msh"),
        ("part.inp", b"*NODE\n1,0,0,0\n*Include, input=other.inp\n", "it includes another file; save all in one"),
        ("part.inp", b"*NODE\n1,0,0,0\n*NODE, NSET=a\n2,0,0,0\n", "it has several .NODE sections"),
        ("part.inp", b"*Node\n1,0,0,0\n*Instance, name=a\n*Instance, name=b\n", "it has several instances of parts"),
        ("part.inp", b"*Node\n1,0,0,0\n*Instance, name=a\n  -1., 0., 0.\n", "it moves an instance of a part"),
        ("part.inp", b"*NODE\n1,0,0,0\n*ELEMENT, TYPE=X9\n1,1\n", "Element type not available: X9"),
    ],
)
def test_a_mesh_that_cannot_be_read_ends_in_one_sentence(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(UserError, match=sentence) as raised:
        read_mesh(tmp_path / name)
    assert str(raised.value).startswith(str(tmp_path / name))


def test_a_bug_is_not_told_as_a_file_that_cannot_be_read(monkeypatch):
    meshio.Mesh(POINTS, [("triangle", [[0, 1, 2]])]).write("part.vtk")
    monkeypatch.setattr(meshes, "primitives_of", None)

    with pytest.raises(TypeError, match="not callable"):
        read_mesh("part.vtk")


def test_what_meshio_leaves_out_is_named(tmp_path, capsys):
    meshio.gmsh.write("part.msh", meshio.Mesh(POINTS, [("triangle", [[0, 1, 2]])]), "2.2", binary=False)
    step = '$NodeData\n1\n"heat"\n1\n{}\n3\n0\n1\n8\n' + "".join(f"{n} 1\n" for n in range(1, 9)) + "$EndNodeData\n"
    with open("part.msh", "a") as file:
        file.write(step.format(0.0) + step.format(0.5) + "$ElementNodeData\n$EndElementNodeData\n")

    assert list(read_mesh("part.msh").point_attributes) == ["heat"]
    assert "not taken: ElementNodeData, the earlier steps of NodeData heat\n" in capsys.readouterr().out
