import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.errors import UserError
from geokiln.work_items.batches import automatic_batch_size, batch_names, batch_range
from geokiln.work_items.importing import matches
from geokiln.work_items.items import WorkItems

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


def items(seed=3):
    attributes = {
        "time": np.float32([0.5, 1.5]),
        "rotation": np.float64([[0, 1, 2], [3, 4, 5]]),
        "frame": np.array([7, 8]),
        "name": np.array(["left", "right"]),
    }
    return WorkItems(np.array(["0", "1"]), seed, attributes)


def single(id_="12", seed=1, **attributes):
    return WorkItems(np.array([id_]), seed, {name: np.array([value]) for name, value in attributes.items()}).item(0, {})


def test_an_item_gives_numbers_strings_and_arrays():
    item = items().item(1, {})

    assert item["time"] == 1.5 and isinstance(item["time"], float)
    assert item["frame"] == 8 and isinstance(item["frame"], int)
    assert item["name"] == "right" and type(item["name"]) is str
    assert isinstance(item["rotation"], np.ndarray)
    assert item["rotation"].tolist() == [3, 4, 5]


def test_an_item_knows_its_identity_parameters_and_names():
    item = items().item(1, {"steps": 5})

    assert (item.id, item.seed, item.parameters) == ("1", 3, {"steps": 5})
    assert item.names == ["time", "rotation", "frame", "name"]


@pytest.mark.parametrize(
    ("attributes", "known"), [({"time": 1, "name": "a"}, "time, name"), ({}, "none")], ids=["some", "none"]
)
def test_an_attribute_that_is_missing_is_named_with_those_that_there_are(attributes, known):
    with pytest.raises(UserError) as error:
        single(**attributes)["rotation"]

    assert str(error.value) == f"item 12 has no attribute 'rotation'; it has {known}"


def numbers(id_, seed, **attributes):
    return single(id_, seed, **attributes).random.random(4).tolist()


def test_random_numbers_depend_on_seed_and_identity_alone():
    first = numbers("7", 1, time=1)

    again = numbers("7", 1, time=2, name="other")

    assert again == first


def test_every_use_of_random_starts_anew():
    item = single("7")

    assert item.random.random(4).tolist() == item.random.random(4).tolist()


def test_another_item_or_seed_gives_other_random_numbers():
    drawn = {tuple(numbers(str(number), seed)) for number in range(20) for seed in range(20)}

    assert len(drawn) == 400


@pytest.mark.parametrize("id_", ["left_foot", "7a", ""])
def test_an_identity_that_is_no_number_has_random_numbers_too(id_):
    assert numbers(id_, 1) == numbers(id_, 1) != numbers("7", 1)


def digest(id_="0", seed=1, **attributes):
    return WorkItems(np.array([id_]), seed, {n: np.array([v]) for n, v in attributes.items()}).digests().tobytes()


@pytest.mark.parametrize(
    "other",
    [
        {"id_": "9", "time": 0.5, "rotation": [0.0, 1.0]},
        {"seed": 2, "time": 0.5, "rotation": [0.0, 1.0]},
        {"time": 0.6, "rotation": [0.0, 1.0]},
        {"time": 0.5, "rotation": [0.0, 1.1]},
        {"time": 0.5, "rotation": [1.0, 0.0]},
        {"time": 0.5, "rotation": [0.0, 1.0], "more": ""},
        {"rotation": [0.0, 1.0]},
        {"Time": 0.5, "rotation": [0.0, 1.0]},
        {"time": "0.5", "rotation": [0.0, 1.0]},
    ],
)
def test_what_an_item_is_changes_its_digest(other):
    assert digest(**other) != digest(time=0.5, rotation=[0.0, 1.0])


def test_digests_depend_neither_on_the_order_of_attributes_nor_on_other_items():
    all_items = items()
    names = list(all_items.attributes)[::-1]
    turned = WorkItems(all_items.ids, 3, {name: all_items.attributes[name] for name in names})

    assert np.array_equal(turned.digests(), all_items.digests())
    assert np.array_equal(all_items.rows(slice(1, 2)).digests(), all_items.digests()[1:])
    assert np.array_equal(all_items.digests(block=1), all_items.digests())
    longer = {**all_items.attributes, "name": np.array(["left", "right, and much longer"])}
    assert np.array_equal(WorkItems(all_items.ids, 3, longer).digests()[0], all_items.digests()[0])


@pytest.mark.parametrize(
    ("pattern", "chosen"),
    [("*", "P Cd name"), ("* ^name", "P Cd"), ("P name", "P name"), ("^P", ""), ("C* ^Cd", ""), ("^* P", "P")],
)
def test_attributes_are_chosen_as_in_houdini(pattern, chosen):
    assert [name for name in ("P", "Cd", "name") if matches(pattern, name)] == chosen.split()


@given(st.integers(1, 10**7))
def test_an_automatic_batch_size_is_a_power_of_two_and_makes_few_batches(count):
    size = automatic_batch_size(count)

    assert size & (size - 1) == 0
    assert count ** (1 / 4) / 1.42 <= count / size <= 1.42 * count ** (1 / 4)
