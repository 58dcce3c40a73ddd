import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.errors import UserError
from geokiln.storage import tables
from geokiln.storage.tables import Table, TableWriter, components_of, moments

SHAPES = st.lists(
    st.tuples() | st.tuples(st.integers(1, 4)) | st.tuples(st.integers(1, 3), st.integers(1, 3)), max_size=3
)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 64 bytes: a table of a few rows has several."""
    monkeypatch.setattr(tables, "BLOCK_BYTES", 64)


def save(rows, inputs=None, targets=None, parts=1):
    width = np.shape(rows)[1]
    with TableWriter("a.raw", "a.json", inputs or {"x": (2,)}, targets or {"y": (width - 2,)}) as writer:
        for part in np.array_split(np.float32(rows), parts):
            writer.write(part)
    return writer


def random_rows(count, width=5):
    return np.random.default_rng(0).normal(size=(count, width)).astype(np.float32)


def test_components_stand_one_after_the_other():
    result = components_of({"a": (2, 3), "b": (), "c": (1,)})

    assert [(c["name"], c["shape"], c["offset"], c["size"]) for c in result] == [
        ("a", [2, 3], 0, 6),
        ("b", [], 6, 1),
        ("c", [1], 7, 1),
    ]


def test_rows_come_back():
    rows = random_rows(7)

    save(rows)
    table = Table("a.raw", "a.json")

    assert (table.count, table.width) == (7, 5)
    assert np.array_equal(table.read(), rows)
    assert np.array_equal(table.array, rows)


def test_the_raw_file_is_nothing_but_little_endian_floats():
    rows = random_rows(3)

    save(rows.astype(">f4"))

    assert Path("a.raw").read_bytes() == rows.astype("<f4").tobytes()


@given(
    inputs=SHAPES.filter(len),
    targets=SHAPES.filter(len),
    count=st.integers(0, 40),
    parts=st.integers(1, 6),
    block_bytes=st.integers(1, 300),
)
def test_any_rows_come_back_in_whatever_parts_and_blocks(inputs, targets, count, parts, block_bytes):
    inputs = {f"i{number}": shape for number, shape in enumerate(inputs)}
    targets = {f"t{number}": shape for number, shape in enumerate(targets)}
    width = sum(int(np.prod(shape)) for shape in [*inputs.values(), *targets.values()])
    rows = random_rows(count, width)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "BLOCK_BYTES", block_bytes)
        save(rows, inputs, targets, parts)
    table = Table("a.raw", "a.json")

    assert np.array_equal(table.read(), rows)
    assert table.input_width == sum(int(np.prod(shape)) for shape in inputs.values())
    assert {c["name"]: tuple(c["shape"]) for c in table.kind("target")} == targets
    sizes = [len(block) * width * 4 for _, block in table.blocks()]
    assert all(size <= max(block_bytes, width * 4) for size in sizes)


def test_the_files_do_not_depend_on_the_parts_in_which_rows_came(small_blocks):
    rows, files = random_rows(20), []

    for parts in (1, 3, 20):
        save(rows, parts=parts)
        files.append((Path("a.raw").read_bytes(), Path("a.json").read_bytes()))

    assert files[0] == files[1] == files[2]


def test_the_digest_depends_on_the_values():
    digests = set()

    for value in (0.0, 1.0, 1.0):
        save(np.full((3, 5), value))
        digests.add(Table("a.raw", "a.json").digest)

    assert len(digests) == 2


def test_the_kinds_of_components_have_offsets_of_their_own():
    save(random_rows(2, 8), {"a": (), "b": (2,)}, {"p": (3,), "q": (2,)})

    table = Table("a.raw", "a.json")

    assert [(c["name"], c["offset"]) for c in table.kind("input")] == [("a", 0), ("b", 1)]
    assert [(c["name"], c["offset"]) for c in table.kind("target")] == [("p", 0), ("q", 3)]
    assert [c["name"] for c in table.components] == ["input/a", "input/b", "target/p", "target/q"]
    assert table.input_width == 3


@pytest.mark.parametrize("shape", [(3,), (2, 4), (2, 6), (1, 5, 1)], ids=str)
def test_rows_of_another_width_are_refused(shape):
    with TableWriter("a.raw", "a.json", {"x": (2,)}, {"y": (3,)}) as writer, pytest.raises(ValueError) as error:
        writer.write(np.zeros(shape))

    assert str(error.value) == f"rows of shape {shape} for a table of width 5"


def test_no_side_car_vouches_for_rows_that_were_not_all_written():
    with pytest.raises(KeyboardInterrupt), TableWriter("a.raw", "a.json", {"x": (2,)}, {}) as writer:
        writer.write(np.zeros((1, 2)))
        raise KeyboardInterrupt

    assert not Path("a.json").exists()


@pytest.mark.parametrize("row", [0, 2, 3, 10, 19])
def test_a_flipped_byte_is_found_and_its_rows_are_named(row, small_blocks):
    save(random_rows(20))
    content = bytearray(Path("a.raw").read_bytes())
    content[row * 20 + 7] ^= 0x10
    Path("a.raw").write_bytes(content)
    table = Table("a.raw", "a.json")

    with pytest.raises(UserError) as error:
        list(table.blocks())

    first, last = map(int, re.search(r"checksum of rows (\d+) to (\d+)", str(error.value)).groups())
    assert first <= row <= last < first + 3
    assert str(error.value).startswith("a.raw is damaged (")
    assert not Path("a.raw").exists()
    assert Path("a.raw.damaged").read_bytes() == content


def test_whole_blocks_before_a_damaged_one_are_given(small_blocks):
    rows = random_rows(20)
    save(rows)
    content = bytearray(Path("a.raw").read_bytes())
    content[-1] ^= 1
    Path("a.raw").write_bytes(content)
    blocks, given = Table("a.raw", "a.json").blocks(), []

    with pytest.raises(UserError):
        given.extend(block for _, block in blocks)

    assert np.array_equal(np.vstack(given), rows[:18])


@given(chosen=st.lists(st.booleans(), min_size=20, max_size=20), block_bytes=st.integers(1, 500))
def test_chosen_rows_come_in_their_order(chosen, block_bytes):
    rows, chosen = random_rows(20), np.array(chosen)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "BLOCK_BYTES", block_bytes)
        save(rows)

    blocks = list(Table("a.raw", "a.json").blocks(chosen))

    assert np.array_equal(np.concatenate([np.zeros((0, 5)), *(block for _, block in blocks)]), rows[chosen])
    assert all(len(block) for _, block in blocks)
    step = max(1, block_bytes // 20)
    assert [first for first, _ in blocks] == [f for f in range(0, 20, step) if chosen[f : f + step].any()]


def test_a_block_without_a_chosen_row_is_not_read(small_blocks):
    save(random_rows(20))
    content = bytearray(Path("a.raw").read_bytes())
    content[0] ^= 1
    Path("a.raw").write_bytes(content)
    table = Table("a.raw", "a.json")

    given = list(table.blocks(np.arange(20) > 2))
    with pytest.raises(UserError):
        list(table.blocks(np.arange(20) == 2))

    assert given


def test_a_damage_is_found_in_whichever_pass_first_reads_it(small_blocks):
    save(random_rows(20))
    content = bytearray(Path("a.raw").read_bytes())
    content[-1] ^= 1
    Path("a.raw").write_bytes(content)
    table = Table("a.raw", "a.json")
    list(table.blocks(np.arange(20) < 10))

    with pytest.raises(UserError) as error:
        list(table.blocks())

    assert "checksum of rows 18 to 19" in str(error.value)


@given(
    count=st.integers(1, 30),
    size=st.integers(1, 31),
    offset=st.sampled_from([0.0, 1e6, -1e-6]),
    scale=st.sampled_from([1e-3, 1.0, 1e10]),
)
def test_moments_are_those_of_the_whole_whatever_the_blocks(count, size, offset, scale):
    rows = random_rows(count) * np.float32(scale) + np.float32(offset)

    result = moments(rows[first : first + size] for first in range(0, count, size))

    assert result[0] == count
    assert result[1] == pytest.approx(rows.astype(np.float64).mean(0), rel=1e-9, abs=1e-9 * scale)
    assert result[2] == pytest.approx(rows.astype(np.float64).std(0), rel=1e-6, abs=1e-9 * scale)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e6, 3e38, 1e-30])
def test_a_constant_column_has_its_value_as_mean_and_no_deviation(value):
    rows = np.full((7, 2), value, np.float32)

    count, mean, deviation = moments([rows[:3], rows[3:3], rows[3:]])

    assert (count, mean.tolist(), deviation.tolist()) == (7, [np.float32(value)] * 2, [0, 0])


@pytest.mark.parametrize("blocks", [[], [np.zeros((0, 2))]], ids=["none", "empty"])
def test_no_rows_are_counted_as_none(blocks):
    assert moments(blocks)[0] == 0


def test_reading_a_damaged_table_is_an_error_too():
    save(random_rows(20))
    content = bytearray(Path("a.raw").read_bytes())
    content[100] ^= 1
    Path("a.raw").write_bytes(content)

    with pytest.raises(UserError) as error:
        Table("a.raw", "a.json").read()

    assert "checksum of rows 0 to 19" in str(error.value)


@pytest.mark.parametrize("size", [0, 1, 399, 401])
def test_a_file_of_another_size_is_put_aside_and_named(size):
    save(random_rows(20))
    content = Path("a.raw").read_bytes() + b"\x00"
    Path("a.raw").write_bytes(content[:size])

    with pytest.raises(UserError) as error:
        Table("a.raw", "a.json")

    assert str(error.value).startswith(f"a.raw is damaged ({size} bytes instead of 400); it was put aside")
    assert Path("a.raw.damaged").stat().st_size == size


def test_a_missing_raw_file_is_named_with_its_side_car():
    save(random_rows(2))
    Path("a.raw").unlink()

    with pytest.raises(UserError) as error:
        Table("a.raw", "a.json")

    assert str(error.value) == "a.raw does not exist, though a.json does: delete a.json and run again"


def test_a_missing_side_car_is_named():
    save(random_rows(2))
    Path("a.json").unlink()

    with pytest.raises(UserError) as error:
        Table("a.raw", "a.json")

    assert str(error.value) == "a.json does not exist"


def test_a_truncated_side_car_is_put_aside():
    save(random_rows(2))
    Path("a.json").write_text(Path("a.json").read_text()[:50])

    with pytest.raises(UserError) as error:
        Table("a.raw", "a.json")

    assert "a.json is damaged" in str(error.value)


def test_a_table_without_rows_can_be_read():
    save(np.zeros((0, 5)))

    table = Table("a.raw", "a.json")

    assert table.read().shape == (0, 5)
    assert list(table.blocks()) == []


def test_the_side_car_says_what_the_raw_file_is():
    save(random_rows(3))

    about = json.loads(Path("a.json").read_text())

    assert (about["count"], about["width"], about["dtype"], about["byte_order"]) == (3, 5, "float32", "little")
