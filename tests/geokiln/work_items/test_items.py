import numpy as np
import pytest

from geokiln.errors import UserError
from geokiln.work_items.items import WorkItems


def items(seed=3):
    attributes = {
        "time": np.float32([0.5, 1.5]),
        "rotation": np.float64([[0, 1, 2], [3, 4, 5]]),
        "frame": np.array([7, 8]),
        "name": np.array(["left", "right"]),
    }
    return WorkItems(np.array(["0", "1"]), seed, attributes)


def one(id_="12", seed=1, **attributes):
    return WorkItems(np.array([id_]), seed, {name: np.array([value]) for name, value in attributes.items()})


def test_an_item_gives_numbers_strings_and_arrays():
    item = items().item(1, {"steps": 5})

    assert (item.id, item.seed, item.parameters) == ("1", 3, {"steps": 5})
    assert item.names == ["time", "rotation", "frame", "name"]
    values = [item[name] for name in ("time", "frame", "name")]
    assert [(value, type(value)) for value in values] == [(1.5, float), (8, int), ("right", str)]
    assert isinstance(item["rotation"], np.ndarray)
    assert item["rotation"].tolist() == [3, 4, 5]


def test_an_attribute_that_is_missing_is_named_with_those_that_there_are():
    with pytest.raises(UserError, match="^item 12 has no attribute 'rotation'; it has time, name$"):
        one(time=1, name="a").item(0, {})["rotation"]


def test_random_numbers_start_anew_with_every_use_and_are_those_of_identity_and_seed():
    ids = [*map(str, range(20)), "left_foot", "7a", ""]

    drawn = set()
    for id_ in ids:
        for seed in range(20):
            item, other = one(id_, seed, time=1).item(0, {}), one(id_, seed, name="other").item(0, {"steps": 5})
            first, again, others = (tuple(random.random(4)) for random in (item.random, item.random, other.random))
            assert first == again == others
            drawn.add(first)

    assert len(drawn) == 23 * 20


def digest(id_="0", seed=1, **changes):
    attributes = {"time": 0.5, "rotation": [0.0, 1.0], "name": "left", **changes}
    return one(id_, seed, **{name: value for name, value in attributes.items() if value is not None}).digests()


@pytest.mark.parametrize(
    "changes",
    [
        {"id_": "9"},
        {"seed": 2},
        {"time": 0.6},
        {"time": "0.5"},
        {"rotation": [0.0, 1.1]},
        {"name": "right"},
        {"more": ""},
        {"time": None, "times": 0.5},
    ],
    ids=str,
)
def test_what_an_item_is_changes_its_digest(changes):
    assert not np.array_equal(digest(**changes), digest())


def test_digests_depend_neither_on_the_order_of_attributes_nor_on_other_items():
    all_items = items()
    names = list(all_items.attributes)[::-1]
    turned = WorkItems(all_items.ids, 3, {name: all_items.attributes[name] for name in names})
    longer = {**all_items.attributes, "name": np.array(["left", "right, and much longer"])}

    digests = all_items.digests()

    assert np.array_equal(turned.digests(), digests)
    assert np.array_equal(all_items.rows(slice(1, 2)).digests(), digests[1:])
    assert np.array_equal(all_items.digests(block=1), digests)
    assert np.array_equal(WorkItems(all_items.ids, 3, longer).digests()[0], digests[0])
