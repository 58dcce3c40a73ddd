import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.errors import UserError
from geokiln.geo import Geometry
from geokiln.work_items import Item, batch_names, batch_range, work_items

COUNTS, SIZES = st.integers(1, 500), st.integers(1, 60)


@given(count=COUNTS, size=SIZES)
def test_the_batches_cover_each_item_exactly_once(count, size):
    covered = [number for name in batch_names(count, size) for number in batch_range(name)]

    assert covered[:count] == list(range(count))
    assert len(covered) == len(set(covered)) < count + size


@given(count=COUNTS, more=st.integers(0, 200), size=SIZES)
def test_growth_keeps_the_names_of_the_batches_that_are_there(count, more, size):
    before = batch_names(count, size)

    after = batch_names(count + more, size)

    assert after[: len(before)] == before


@given(size=SIZES, number=st.integers(0, 100))
def test_every_batch_has_room_for_as_many_items(size, number):
    name = batch_names((number + 1) * size, size)[number]

    result = batch_range(name)

    assert result == range(number * size, (number + 1) * size)


def test_no_items_make_no_batch():
    assert batch_names(0, 16) == []


def geometry():
    attributes = {
        "time": np.float32([0.5, 1.5]),
        "rotation": np.float64([[0, 1, 2], [3, 4, 5]]),
        "frame": np.array([7, 8]),
        "name": np.array(["left", "right"]),
    }
    return Geometry(np.zeros((2, 3)), [[0], [1]], {"mass": np.ones(2)}, attributes)


def test_each_primitive_becomes_a_work_item_with_its_attributes():
    result = work_items(geometry(), 3)

    assert result == [
        {"id": "0", "seed": 3, "attributes": {"time": 0.5, "rotation": [0, 1, 2], "frame": 7, "name": "left"}},
        {"id": "1", "seed": 3, "attributes": {"time": 1.5, "rotation": [3, 4, 5], "frame": 8, "name": "right"}},
    ]


def test_work_items_hold_plain_values_of_python():
    result = work_items(geometry(), 3)[0]["attributes"]

    assert {name: type(value) for name, value in result.items()} == {
        "time": float,
        "rotation": list,
        "frame": int,
        "name": str,
    }


def test_an_item_gives_numbers_strings_and_arrays():
    item = Item(work_items(geometry(), 3)[1], {})

    assert item["time"] == 1.5
    assert item["name"] == "right"
    assert isinstance(item["rotation"], np.ndarray)
    assert item["rotation"].tolist() == [3, 4, 5]


def test_an_item_knows_its_identity_parameters_and_names():
    item = Item(work_items(geometry(), 3)[1], {"steps": 5})

    assert (item.id, item.seed, item.parameters) == ("1", 3, {"steps": 5})
    assert item.names == ["time", "rotation", "frame", "name"]


@pytest.mark.parametrize(
    ("attributes", "known"), [({"time": 1, "name": "a"}, "time, name"), ({}, "none")], ids=["some", "none"]
)
def test_an_attribute_that_is_missing_is_named_with_those_that_there_are(attributes, known):
    item = Item({"id": "12", "seed": 1, "attributes": attributes}, {})

    with pytest.raises(UserError) as error:
        item["rotation"]

    assert str(error.value) == f"item 12 has no attribute 'rotation'; it has {known}"


def numbers(id_, seed, attributes=None):
    return Item({"id": id_, "seed": seed, "attributes": attributes or {}}, {}).random.random(4).tolist()


def test_random_numbers_depend_on_seed_and_identity_alone():
    first = numbers("7", 1, {"time": 1})

    again = numbers("7", 1, {"time": 2, "name": "other"})

    assert again == first


def test_every_use_of_random_starts_anew():
    item = Item({"id": "7", "seed": 1, "attributes": {}}, {})

    assert item.random.random(4).tolist() == item.random.random(4).tolist()


def test_another_item_or_seed_gives_other_random_numbers():
    drawn = {tuple(numbers(str(number), seed)) for number in range(20) for seed in range(20)}

    assert len(drawn) == 400


@pytest.mark.parametrize("id_", ["left_foot", "7a", ""])
def test_an_identity_that_is_no_number_has_random_numbers_too(id_):
    assert numbers(id_, 1) == numbers(id_, 1) != numbers("7", 1)


@pytest.mark.parametrize("keys", [[7, 3, 5], ["c", "a", "b"]])
def test_an_id_attribute_is_the_identity_wherever_a_primitive_stands(keys):
    geometry = Geometry.from_attributes({"key": np.array(keys), "x": np.array([0.0, 1.0, 2.0])})
    turned = Geometry.from_attributes({"key": np.array(keys[::-1]), "x": np.array([2.0, 1.0, 0.0])})

    items = work_items(geometry, 1, "key")

    assert [item["id"] for item in items] == [str(key) for key in keys]
    assert items == work_items(turned, 1, "key")[::-1]


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("kex", "there is no primitive attribute 'kex'; there are: key, x, pair, double, empty"),
        ("x", "'x' must hold one integer or string for each primitive"),
        ("pair", "'pair' must hold one integer or string for each primitive"),
        ("double", "primitives 0 and 2 have the same 'double', 4; it must identify one"),
        ("empty", "primitive 1 has an empty or broken 'empty', ''"),
    ],
)
def test_an_attribute_that_identifies_no_primitive_is_refused(attribute, message):
    geometry = Geometry.from_attributes(
        {
            "key": np.array([1, 2, 3]),
            "x": np.array([0.0, 1.0, 2.0]),
            "pair": np.array([[1, 2], [3, 4], [5, 6]]),
            "double": np.array([4, 5, 4]),
            "empty": np.array(["a", "", "c"]),
        }
    )

    with pytest.raises(UserError) as error:
        work_items(geometry, 1, attribute)

    assert str(error.value) == f"geometry.id_attribute: {message}"
