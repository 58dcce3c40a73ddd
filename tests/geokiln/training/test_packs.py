import pytest

from geokiln.training.packs import pack_size, pack_wedges
from geokiln.wedges.expansion import wedge_name

BASE = {
    "model": "network", "hidden_widths": None, "hidden_width": 64, "hidden_layers": 2, "pack_size": 4,
    "weight_decay": 0.0, "seed": 0, "target_components": 8,
}  # fmt: skip


def packs(axes, stackable=True, **changes):
    """Pack every combination of the axes' values."""
    wedges = [{}]
    for axis, values in axes.items():
        wedges = [{**wedge, axis: value} for wedge in wedges for value in values]
    named = {wedge_name(wedge): {**BASE, **changes, **wedge} for wedge in wedges}
    return pack_wedges(list(named), sorted(axes), named.get, {"target_components"}, stackable)


def test_wedges_of_one_shape_are_packed_and_named_by_what_they_share():
    made = packs({"hidden_layers": [1, 2], "seed": [0, 1]})

    assert made == {
        "hidden_layers-1_0": ["hidden_layers-1_seed-0", "hidden_layers-1_seed-1"],
        "hidden_layers-2_0": ["hidden_layers-2_seed-0", "hidden_layers-2_seed-1"],
    }


def test_wedges_of_one_pack_share_their_preprocessing():
    made = packs({"target_components": [4, 8], "seed": [0, 1]})

    assert list(made) == ["target_components-4_0", "target_components-8_0"]


def test_without_a_shared_axis_the_base_is_packed():
    assert packs({"seed": range(3)}) == {"base_0": ["seed-0", "seed-1", "seed-2"]}


def test_a_wedge_alone_is_a_pack_of_its_own_name():
    assert packs({}) == {"single": ["single"]}
    assert packs({"hidden_layers": [1, 2]}) == {name: [name] for name in ("hidden_layers-1", "hidden_layers-2")}


@pytest.mark.parametrize(("count", "sizes"), [(4, [4]), (5, [2, 3]), (8, [4, 4]), (9, [3, 3, 3])])
def test_large_packs_are_split_evenly(count, sizes):
    made = packs({"seed": range(count)})

    assert [len(wedges) for wedges in made.values()] == sizes
    assert sorted(wedge for wedges in made.values() for wedge in wedges) == sorted(f"seed-{n}" for n in range(count))


def test_the_order_of_axes_and_values_changes_nothing():
    one = packs({"hidden_layers": [1, 2], "seed": [0, 1, 2, 3, 4]})

    assert one == packs({"seed": [4, 2, 0, 1, 3], "hidden_layers": [2, 1]})


@pytest.mark.parametrize(("changes", "stackable"), [({"model": "kernel"}, True), ({}, False)])
def test_what_cannot_be_stacked_runs_alone(changes, stackable):
    made = packs({"seed": range(3)}, stackable, **changes)

    assert made == {name: [name] for name in ("seed-0", "seed-1", "seed-2")}


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({}, 16),
        ({"hidden_width": 16}, 32),
        ({"hidden_width": 256}, 1),
        ({"hidden_widths": [512, 32]}, 1),
        ({"hidden_widths": [64, 32]}, 16),
        ({"hidden_widths": []}, 16),
        ({"pack_size": 3, "hidden_width": 1024}, 3),
    ],
    ids=str,
)
def test_the_size_of_a_pack_hangs_on_the_width_of_its_networks(changes, size):
    assert pack_size({**BASE, "pack_size": "auto", **changes}) == size
