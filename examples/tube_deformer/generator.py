"""The tube deformer: a soft tube on two bones, and what linear blend skinning (LBS) gets wrong about it.

Each data point is a pose of the second bone. Cooking it solves a volumetric as-rigid-as-possible (ARAP) deformation of
the tube's tetrahedra; the target is the displacement of the solved vertices from LBS. It is the open twin of SideFX's
ML Deformer: the network learns the correction, LBS stays the rig.

Lengths are in metres, angles in radians.
"""

import functools
import itertools

import numpy as np

from geokiln.api import Geometry

LENGTH, RADIUS = 4.0, 0.5
CELLS_ALONG, CELLS_ACROSS = 16, 4
JOINT = np.array([LENGTH / 2, 0.0, 0.0])
GRIP = 0.8  # vertices this near to an end follow their bone rigidly
BLEND = 1.5  # length over which skinning weights go from the first bone to the second
LIMITS = np.array([0.8, 1.2, 1.2])  # joint limits: twist about the tube's axis, and two bends
ITERATIONS = 100


def geometry(count, seed, parameters):
    """Return *count* poses inside the joint limits, each a polyline of the posed bones with its ``rotation``.

    Poses are drawn from a Gaussian pool and put into farthest-point order: each is the pool's pose farthest from all
    before it, so they cover the joint's range evenly, and a larger count keeps the first ones.
    """
    random = np.random.default_rng(seed)
    pool = random.normal(size=(16384, 3)) * LIMITS / 2
    pool = pool[(np.abs(pool) <= LIMITS).all(1)]
    return _poses(pool[_farthest_point_order(rotation_matrices(pool).reshape(-1, 9), count)])


def unseen(name, count, parameters):
    """Return an animation of *count* frames that reaches 80 % of every joint limit."""
    time = np.linspace(0, 2 * np.pi, count, endpoint=False)
    motions = {
        "stir": [np.sin(2 * time), np.cos(time), np.sin(time)],  # the free end goes round
        "sway": [np.sin(time + 0.9), np.sin(2 * time), np.sin(3 * time + 0.4)],  # to and fro, past the rest pose
    }
    return _poses(0.8 * LIMITS * np.stack(motions[name], axis=1))


def inputs(item):
    """Return the joint's rotation as a matrix, which has no jumps as angles have."""
    return {"rotation": rotation_matrices(item["rotation"])}


def cook(item):
    """Return the displacement (425, 3) of the solved tube from LBS."""
    import igl  # not above: 0.2 s that only the solver needs

    solver, rest, handles = _solver()
    rotation = rotation_matrices(item["rotation"])
    skinned = skin(rotation)
    posed = np.where((rest[handles, :1] < JOINT[0]), rest[handles], turn(rest[handles], rotation))
    return {"displacement": igl.arap_solve(posed, solver, skinned.copy()) - skinned}


def baseline(item):
    """Return what LBS alone gives: no displacement."""
    return {"displacement": np.zeros_like(tube()[0])}


def shape(item, targets):
    """Return the tube's surface, as skinning and a displacement give it."""
    from geokiln.api import Primitives  # not above: what shape alone uses, cooks do not depend on

    vertices = skin(rotation_matrices(item["rotation"])) + targets["displacement"]
    return Geometry(vertices, Primitives.of(surface(), closed=True))


def surface():
    """Return the triangles (n, 3) that belong to one tetrahedron only: clockwise from outside, as Houdini's are."""
    triangles = tube()[1][:, [[3, 2, 1], [2, 3, 0], [3, 1, 0], [1, 2, 0]]].reshape(-1, 3)
    _, index, counts = np.unique(np.sort(triangles, axis=1), axis=0, return_index=True, return_counts=True)
    return triangles[index[counts == 1]]


def skin(rotation):
    """Return the vertices (425, 3) by linear blend skinning for a joint rotation (3, 3)."""
    rest = tube()[0]
    weight = np.clip((rest[:, :1] - JOINT[0]) / BLEND + 0.5, 0, 1)
    weight = weight**2 * (3 - 2 * weight)
    return (1 - weight) * rest + weight * turn(rest, rotation)


def turn(points, rotation):
    """Return *points* (n, 3) turned about the joint by *rotation* (..., 3, 3)."""
    return (points - JOINT) @ np.swapaxes(rotation, -1, -2) + JOINT


def rotation_matrices(vectors):
    """Return rotation matrices (..., 3, 3) of rotation vectors (..., 3): axis times angle (Rodrigues' formula)."""
    vectors = np.asarray(vectors, float)
    angle = np.linalg.norm(vectors, axis=-1)[..., None, None]
    axis = vectors / np.maximum(angle[..., 0], 1e-12)
    cross = np.zeros((*vectors.shape, 3))
    cross[..., [2, 0, 1], [1, 2, 0]] = axis
    cross[..., [1, 2, 0], [2, 0, 1]] = -axis
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


@functools.lru_cache(maxsize=1)
def tube():
    """Return the rest tube: vertices (425, 3) and tetrahedra (1536, 4), six in each cell of a grid."""
    across = CELLS_ACROSS + 1
    x, v, w = np.meshgrid(
        np.linspace(0, LENGTH, CELLS_ALONG + 1), np.linspace(-1, 1, across), np.linspace(-1, 1, across), indexing="ij"
    )
    y, z = v * np.sqrt(1 - w**2 / 2), w * np.sqrt(1 - v**2 / 2)  # the square becomes a disc
    vertices = np.stack([x, RADIUS * y, RADIUS * z], axis=-1).reshape(-1, 3)
    number = np.arange(len(vertices)).reshape(x.shape)
    tetrahedra = []
    for cell in np.ndindex(CELLS_ALONG, CELLS_ACROSS, CELLS_ACROSS):
        for order in itertools.permutations(range(3)):  # walk from one corner of the cell to the opposite one
            corners = [np.array(cell)]
            for axis in order:
                corners.append(corners[-1] + np.eye(3, dtype=int)[axis])
            tetrahedra.append([number[tuple(corner)] for corner in corners])
    tetrahedra = np.array(tetrahedra)
    edges = vertices[tetrahedra[:, 1:]] - vertices[tetrahedra[:, :1]]
    inside_out = np.linalg.det(edges) < 0
    tetrahedra[inside_out] = tetrahedra[inside_out][:, [0, 2, 1, 3]]
    return vertices, tetrahedra


@functools.lru_cache(maxsize=1)
def _solver():
    """Return the factorised ARAP problem, the rest vertices and the vertices that follow a bone."""
    import igl

    vertices, tetrahedra = tube()
    handles = np.flatnonzero((vertices[:, 0] < GRIP) | (vertices[:, 0] > LENGTH - GRIP))
    solver = igl.ARAPData()
    solver.max_iter = ITERATIONS
    igl.arap_precomputation(vertices, tetrahedra.astype(np.int64), 3, handles.astype(np.int32), solver)
    return solver, vertices, handles


def _farthest_point_order(features, count):
    order = [int(np.argmin(np.square(features - features.mean(0)).sum(1)))]
    distance = np.full(len(features), np.inf)
    while len(order) < count:
        distance = np.minimum(distance, np.square(features - features[order[-1]]).sum(1))
        order.append(int(distance.argmax()))
    return order


def _poses(rotations):
    ends = turn(np.array([[LENGTH, 0.0, 0.0]]), rotation_matrices(rotations))[:, 0]
    bones = np.stack([np.zeros_like(ends), np.broadcast_to(JOINT, ends.shape), ends], axis=1)
    lines = np.arange(3 * len(ends)).reshape(-1, 3).tolist()
    return Geometry(bones.reshape(-1, 3), lines, {}, {"rotation": rotations.astype(np.float32)})
