import io
import itertools
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.errors import UserError
from geokiln.storage.arrays import check_same_layout, open_arrays, read_arrays, write_arrays, write_arrays_in_blocks

ARRAYS = {
    "id": np.array(["0", "11"]),
    "input/rotation": np.arange(18, dtype=np.float32).reshape(2, 3, 3),
    "target/a/b": np.array([1.5, -2.5]),
    "number": np.array(7),
    "nothing": np.zeros((0, 3), np.float32),
}


def open_checked(path):
    return open_arrays(path, check=True)


READERS = [read_arrays, open_arrays, open_checked]


def test_arrays_come_back_with_their_names_shapes_types_and_values():
    write_arrays("a.npz", ARRAYS)

    result = read_arrays("a.npz")

    assert list(result) == list(ARRAYS)
    assert {name: (a.shape, a.dtype) for name, a in result.items()} == {
        name: (a.shape, a.dtype) for name, a in ARRAYS.items()
    }
    assert all(np.array_equal(result[name], ARRAYS[name]) for name in ARRAYS)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("save", [write_arrays, np.savez, np.savez_compressed])
def test_every_reader_gives_the_same_arrays(save, read):
    arrays = {**ARRAYS, "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "big": np.arange(3, dtype=">i2")}
    if save is write_arrays:
        save("a.npz", arrays)
    else:
        save("a.npz", **arrays)

    result = read("a.npz")

    assert list(result) == list(arrays)
    for name, array in arrays.items():
        assert (result[name].shape, result[name].dtype) == (array.shape, array.dtype)
        assert np.array_equal(result[name], array)


def test_opened_arrays_cannot_be_changed_and_outlive_the_file():
    write_arrays("a.npz", ARRAYS)

    result = open_arrays("a.npz")
    Path("a.npz").unlink()

    assert result["input/rotation"].tolist() == ARRAYS["input/rotation"].tolist()
    with pytest.raises(ValueError):
        result["input/rotation"][0] = 0


@pytest.mark.parametrize("read", [open_arrays, open_checked])
def test_opening_a_big_file_takes_no_memory(read):
    write_arrays("a.npz", {"x": np.ones((1000, 2500), np.float32), "y": np.ones(7)})

    tracemalloc.start()
    result = read("a.npz")
    row = result["x"][500].sum()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert row == 2500
    assert peak < 3 << 20  # 10 MB would be the whole


@given(cuts=st.lists(st.integers(0, 6), max_size=4), dtype=st.sampled_from(["<f4", ">f8", "<U3", "?", "<i8"]))
def test_blocks_of_any_size_give_the_bytes_of_the_whole_array(cuts, dtype):
    array = np.arange(18).reshape(6, 3).astype(dtype)
    write_arrays("a.npz", {"before": np.zeros(2), "x": array, "after": np.array(3)})

    blocks = (block for block in np.split(array, sorted(cuts)))  # may be asked for once only
    whole = {"before": ("<f8", (2,), [np.zeros(2)]), "after": ("<i8", (), [3])}
    write_arrays_in_blocks("b.npz", {"before": whole["before"], "x": (dtype, [6, 3], blocks), "after": whole["after"]})

    assert Path("a.npz").read_bytes() == Path("b.npz").read_bytes()


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_a_member_is_what_numpy_writes(array):
    write_arrays("a.npz", {"x": array})
    expected = io.BytesIO()
    np.save(expected, array)

    with zipfile.ZipFile("a.npz") as archive:
        assert archive.read("x.npy") == expected.getvalue()


@pytest.mark.parametrize(
    ("blocks", "sentence"),
    [
        ([np.zeros((2, 3))], "2 rows for one of shape (4, 3)"),
        ([np.zeros((2, 3)), np.zeros((3, 3))], "5 rows for one of shape (4, 3)"),
        ([], "0 rows for one of shape (4, 3)"),
        ([np.zeros((4, 2))], "a block of shape (4, 2) for one of shape (4, 3)"),
        ([np.zeros(3)] * 4, "a block of shape (3,) for one of shape (4, 3)"),
    ],
)
def test_blocks_that_do_not_make_the_array_are_refused(blocks, sentence):
    with pytest.raises(ValueError) as error:
        write_arrays_in_blocks("a.npz", {"x": ("<f4", (4, 3), blocks)})

    assert str(error.value) == f"array 'x': {sentence}"


@pytest.mark.parametrize("change", [-8, 8])
def test_values_that_do_not_fill_their_shape_are_damage(change):
    header, member = {"descr": "<f8", "fortran_order": False, "shape": (4,)}, io.BytesIO()
    np.lib.format.write_array_header_1_0(member, header)
    with zipfile.ZipFile("a.npz", "w") as archive:
        archive.writestr("x.npy", member.getvalue() + bytes(32 + change))

    with pytest.raises(UserError) as error:
        open_arrays("a.npz")

    assert f"x.npy: {32 + change} bytes of values instead of 32" in str(error.value)
    assert Path("a.npz.damaged").exists()


def test_a_list_is_written_as_the_array_it_makes():
    write_arrays("a.npz", {"list": [[1, 2], [3, 4]]})

    result = read_arrays("a.npz")

    assert result["list"].tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("name", ["file", "allow_pickle", "args", "kwds", "arr_0", "self"])
def test_an_array_may_have_the_name_of_an_argument_of_numpys(name):
    write_arrays("a.npz", {"id": np.array(["0"]), name: np.array([1.0])})

    result = read_arrays("a.npz")

    assert sorted(result) == sorted(["id", name])


def test_the_same_arrays_give_the_same_bytes_whatever_the_file_is_called():
    write_arrays("a.npz", ARRAYS)
    write_arrays("b", {name: array.copy() for name, array in ARRAYS.items()})

    first, second = Path("a.npz").read_bytes(), Path("b").read_bytes()

    assert first == second
    with zipfile.ZipFile("a.npz") as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}  # no time of writing


@pytest.mark.parametrize("array", [np.array([None]), np.array([{"a": 1}]), np.array([[1], [1, 2]], object)])
def test_an_array_of_objects_is_refused_by_its_name_before_a_file_is_made(array):
    arrays = {"good": np.zeros(2), "input/bad": array}

    with pytest.raises(TypeError) as error:
        write_arrays("a.npz", arrays)

    assert "'input/bad'" in str(error.value)
    assert not Path("a.npz").exists()


@pytest.mark.parametrize("read", READERS)
def test_a_missing_file_is_named(read):
    with pytest.raises(UserError) as error:
        read("batches/0-3.npz")

    assert str(error.value) == "batches/0-3.npz does not exist"


@pytest.mark.parametrize("read", READERS)
def test_what_cannot_be_read_for_another_reason_than_damage_is_named_and_stays(read):
    Path("a.npz").mkdir()

    with pytest.raises(UserError) as error:
        read("a.npz")

    assert str(error.value) == "a.npz cannot be read: Is a directory"
    assert Path("a.npz").is_dir()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("read", READERS)
def test_a_file_with_pickles_is_not_opened(read, save):
    save("a.npz", array=np.array([{"a": 1}], object))

    with pytest.raises(UserError) as error:
        read("a.npz")

    assert "a.npz" in str(error.value)


@pytest.mark.parametrize("read", READERS)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_put_aside_and_named(read, share):
    write_arrays("a.npz", ARRAYS)
    whole = Path("a.npz").read_bytes()
    Path("a.npz").write_bytes(whole[: int(share * len(whole))])

    with pytest.raises(UserError) as error:
        read("a.npz")

    assert str(error.value).startswith("a.npz is damaged (")
    assert "put aside as a.npz.damaged: run again" in str(error.value)
    assert not Path("a.npz").exists()
    assert Path("a.npz.damaged").read_bytes() == whole[: int(share * len(whole))]


@pytest.mark.parametrize("read", [read_arrays, open_checked])
def test_a_flipped_byte_among_the_values_is_noticed(read):
    write_arrays("a.npz", {"x": np.full(100, np.pi)})
    content = bytearray(Path("a.npz").read_bytes())
    place = content.index(np.float64(np.pi).tobytes())
    content[place + 400] ^= 1
    Path("a.npz").write_bytes(content)

    with pytest.raises(UserError) as error:
        read("a.npz")

    assert "a.npz is damaged" in str(error.value)


@pytest.mark.parametrize("read", [read_arrays, open_checked])
def test_a_flipped_byte_never_changes_values_unnoticed(read):
    write_arrays("a.npz", {"id": np.array(["0", "1"]), "x": np.arange(6.0)})
    whole, expected = Path("a.npz").read_bytes(), read_arrays("a.npz")
    outcomes = {}
    for place, bits in itertools.product(range(len(whole)), (0x20, 0x80, 0x01)):
        Path("b.npz").write_bytes(whole[:place] + bytes([whole[place] ^ bits]) + whole[place + 1 :])

        try:
            result = read("b.npz")
            same = all(np.array_equal(result[name], expected[name]) for name in result.keys() & expected.keys())
            outcomes[place, bits] = "harmless" if same else "wrong arrays"
        except UserError as error:
            outcomes[place, bits] = "noticed" if "put aside" in str(error) else str(error)
        except Exception as error:
            outcomes[place, bits] = f"{type(error).__name__}: {error}"

    assert {place: what for place, what in outcomes.items() if what not in ("harmless", "noticed")} == {}


def test_equal_layouts_agree_in_whatever_order_their_components_stand():
    layouts = {"a": {"x": (2,), "y": ()}, "b": {"y": (), "x": (2,)}}

    result = check_same_layout(layouts)

    assert result is None


@pytest.mark.parametrize("position", range(4))
@pytest.mark.parametrize(
    ("odd", "here", "there"),
    [({"x": (3,), "y": ()}, "(3,)", "(2,)"), ({"y": ()}, "missing", "(2,)")],
    ids=["another shape", "missing"],
)
def test_the_odd_layout_is_named_wherever_it_stands(position, odd, here, there):
    labels = [f"item {number}" for number in range(4)]
    layouts = {label: {"x": (2,), "y": ()} for label in labels}
    layouts[labels[position]] = odd

    with pytest.raises(UserError) as error:
        check_same_layout(layouts)

    assert str(error.value) == f"item {position}: x has shape {here}, the others have {there}; all must agree"


def test_a_component_that_only_one_layout_has_is_named():
    layouts = {"a": {"x": ()}, "b": {"x": ()}, "c": {"x": (), "extra": (4,)}}

    with pytest.raises(UserError) as error:
        check_same_layout(layouts)

    assert str(error.value).startswith("c: extra has shape (4,), the others have missing")


def test_of_two_layouts_that_differ_one_is_named():
    layouts = {"a": {"x": (1,)}, "b": {"x": (2,)}}

    with pytest.raises(UserError) as error:
        check_same_layout(layouts)

    assert str(error.value).startswith("b: x has shape (2,), the others have (1,)")
