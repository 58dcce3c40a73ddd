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


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_every_reader_gives_numpys_arrays(save, read):
    arrays = {**ARRAYS, "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "big": np.arange(3, dtype=">i2")}
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


def test_opening_a_big_file_takes_no_memory():
    write_arrays("a.npz", {"x": np.ones((1000, 2500), np.float32), "y": np.ones(7)})

    tracemalloc.start()
    result = open_checked("a.npz")
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


@pytest.mark.parametrize(
    ("shape", "blocks", "sentence"),
    [
        ((4, 3), [np.zeros((2, 3))], "2 rows for one of shape (4, 3)"),
        ((4, 3), [np.zeros((2, 3)), np.zeros((3, 3))], "5 rows for one of shape (4, 3)"),
        ((4, 3), [np.zeros((4, 2))], "a block of shape (4, 2) for one of shape (4, 3)"),
        ((4,), [np.float64(1)] * 4, "a block of shape () for one of shape (4,)"),
    ],
)
def test_blocks_that_do_not_make_the_array_are_refused(shape, blocks, sentence):
    with pytest.raises(ValueError) as error:
        write_arrays_in_blocks("a.npz", {"x": ("<f4", shape, blocks)})

    assert str(error.value) == f"array 'x': {sentence}"


def test_an_array_may_be_a_list_and_have_the_name_of_an_argument_of_numpys():
    arrays = {name: [[1.0, 2.0]] for name in ("file", "allow_pickle", "args", "kwds", "arr_0", "self")}

    write_arrays("a.npz", arrays)

    assert {name: array.tolist() for name, array in read_arrays("a.npz").items()} == arrays


def test_the_same_arrays_give_the_same_bytes_whatever_the_file_is_called():
    write_arrays("a.npz", ARRAYS)
    write_arrays("b", {name: array.copy() for name, array in ARRAYS.items()})
    np.savez("numpy.npz", **ARRAYS)

    with zipfile.ZipFile("b") as archive, zipfile.ZipFile("numpy.npz") as expected:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}  # no time of writing
        assert all(archive.read(name) == expected.read(name) for name in expected.namelist())
    assert Path("a.npz").read_bytes() == Path("b").read_bytes()


def test_an_array_of_objects_is_refused_by_its_name_before_a_file_is_made():
    with pytest.raises(TypeError, match="'input/bad'"):
        write_arrays("a.npz", {"good": np.zeros(2), "input/bad": np.array([None])})

    assert not Path("a.npz").exists()


@pytest.mark.parametrize("read", READERS)
def test_what_is_no_file_or_holds_pickles_is_named(read, told):
    Path("folder.npz").mkdir()
    np.savez("pickles.npz", array=np.array([{"a": 1}], object))
    np.savez_compressed("compressed.npz", array=np.array([{"a": 1}], object))

    sentences = [told(read, f"{name}.npz") for name in ("missing", "folder", "pickles", "compressed")]

    assert sentences[:2] == ["missing.npz does not exist", "folder.npz cannot be read: Is a directory"]
    assert Path("folder.npz").is_dir()
    assert "pickles.npz" in sentences[2] and "compressed.npz" in sentences[3]


@pytest.mark.parametrize("change", [-8, 8])
def test_values_that_do_not_fill_their_shape_are_damage(change, told):
    header, member = {"descr": "<f8", "fortran_order": False, "shape": (4,)}, io.BytesIO()
    np.lib.format.write_array_header_1_0(member, header)
    with zipfile.ZipFile("a.npz", "w") as archive:
        archive.writestr("x.npy", member.getvalue() + bytes(32 + change))

    assert f"x.npy: {32 + change} bytes of values instead of 32" in told(open_arrays, "a.npz")
    assert Path("a.npz.damaged").exists()


@pytest.mark.parametrize("read", READERS)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_put_aside_and_named(read, share, told):
    write_arrays("a.npz", ARRAYS)
    whole = Path("a.npz").read_bytes()
    Path("a.npz").write_bytes(whole[: int(share * len(whole))])

    sentence = told(read, "a.npz")

    assert sentence.startswith("a.npz is damaged (")
    assert "put aside as a.npz.damaged: run again" in sentence
    assert not Path("a.npz").exists()
    assert Path("a.npz.damaged").read_bytes() == whole[: int(share * len(whole))]


@pytest.mark.parametrize("read", [read_arrays, open_checked])
def test_a_flipped_byte_at_the_end_of_a_big_array_is_noticed(read, told):
    write_arrays("a.npz", {"x": np.full(100_000, np.pi)})
    content = bytearray(Path("a.npz").read_bytes())
    content[content.rindex(np.float64(np.pi).tobytes())] ^= 1
    Path("a.npz").write_bytes(content)

    assert "a.npz is damaged" in told(read, "a.npz")


@pytest.mark.parametrize("read", [read_arrays, open_checked])
def test_a_flipped_byte_never_changes_values_unnoticed(read):
    write_arrays("a.npz", {"id": np.array(["0", "1"]), "x": np.arange(6.0)})
    whole, expected = Path("a.npz").read_bytes(), read_arrays("a.npz")

    for place, bits in itertools.product(range(len(whole)), (0x20, 0x80, 0x01)):
        Path("b.npz").write_bytes(whole[:place] + bytes([whole[place] ^ bits]) + whole[place + 1 :])
        try:
            result = read("b.npz")
        except UserError as error:
            assert "put aside" in str(error), (place, bits)
        else:
            for name in result.keys() & expected.keys():
                assert np.array_equal(result[name], expected[name]), (place, bits)


@pytest.mark.parametrize(
    ("layouts", "sentence"),
    [
        (
            [{"x": (3,), "y": ()}, {"x": (2,), "y": ()}, {"y": (), "x": (2,)}],
            "item 0: x has shape (3,), the others have (2,)",
        ),
        ([{"x": (), "y": ()}, {"y": ()}, {"x": (), "y": ()}], "item 1: x has shape missing, the others have ()"),
        ([{"x": ()}, {"x": ()}, {"x": (), "y": (4,)}], "item 2: y has shape (4,), the others have missing"),
        ([{"x": (1,)}, {"x": (2,)}], "item 1: x has shape (2,), the others have (1,)"),
    ],
    ids=["first", "missing", "more", "of two"],
)
def test_the_odd_layout_is_named_whatever_the_order_of_components(layouts, sentence, told):
    layouts = {f"item {number}": layout for number, layout in enumerate(layouts)}

    assert told(check_same_layout, layouts) == f"{sentence}; all must agree"
