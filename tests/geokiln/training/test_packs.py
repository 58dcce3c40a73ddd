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


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        (
            {"hidden_layers": [2, 1], "seed": [1, 0]},
            {
                "hidden_layers-1_0": ["hidden_layers-1_seed-0", "hidden_layers-1_seed-1"],
                "hidden_layers-2_0": ["hidden_layers-2_seed-0", "hidden_layers-2_seed-1"],
            },
        ),
        (
            {"target_components": [4, 8], "seed": [0, 1]},
            {
                "target_components-4_0": ["seed-0_target_components-4", "seed-1_target_components-4"],
                "target_components-8_0": ["seed-0_target_components-8", "seed-1_target_components-8"],
            },
        ),
        ({"seed": range(3)}, {"base_0": ["seed-0", "seed-1", "seed-2"]}),
        ({"hidden_layers": [1, 2]}, {"hidden_layers-1": ["hidden_layers-1"], "hidden_layers-2": ["hidden_layers-2"]}),
    ],
    ids=["one shape", "one preprocessing", "nothing shared", "alone"],
)
def test_a_pack_holds_wedges_of_one_shape_and_preprocessing_and_is_named_by_what_they_share(axes, expected):
    assert packs(axes) == expected


@pytest.mark.parametrize(("count", "sizes"), [(4, [4]), (5, [2, 3]), (8, [4, 4]), (9, [3, 3, 3])])
def test_large_packs_are_split_evenly(count, sizes):
    made = packs({"seed": range(count)})

    assert [len(wedges) for wedges in made.values()] == sizes
    assert sorted(wedge for wedges in made.values() for wedge in wedges) == sorted(f"seed-{n}" for n in range(count))


@pytest.mark.parametrize(("changes", "stackable"), [({"model": "kernel"}, True), ({}, False)])
def test_what_cannot_be_stacked_runs_alone(changes, stackable):
    made = packs({"seed": range(3)}, stackable, **changes)

    assert made == {name: [name] for name in ("seed-0", "seed-1", "seed-2")}


@pytest.mark.parametrize(
    ("changes", "size"),
    [({"hidden_widths": [32, 512]}, 1), ({"hidden_widths": []}, 16), ({"pack_size": 3, "hidden_width": 1024}, 3)],
    ids=str,
)
def test_the_size_of_a_pack_hangs_on_the_widest_layer_unless_it_is_given(changes, size):
    assert pack_size({**BASE, "pack_size": "auto", **changes}) == size
