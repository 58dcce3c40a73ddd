import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from geokiln.storage import tables
from geokiln.storage.tables import Table, TableWriter, components_of, moments

SHAPES = st.lists(
    st.tuples() | st.tuples(st.integers(1, 4)) | st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=3
)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 64 bytes: of 20 rows of 5 floats, three make a block, the last two another."""
    monkeypatch.setattr(tables, "BLOCK_BYTES", 64)


def save(rows, inputs=None, targets=None, parts=1):
    width = np.shape(rows)[1]
    with TableWriter("a.raw", "a.json", inputs or {"x": (2,)}, targets or {"y": (width - 2,)}) as writer:
        for part in np.array_split(np.float32(rows), parts):
            writer.write(part)


def damaged(rows, row):
    """Save *rows*, flip a bit in one of them, and give the table and the bytes of the raw file."""
    save(rows)
    content = bytearray(Path("a.raw").read_bytes())
    content[row * 20 + 7] ^= 0x10
    Path("a.raw").write_bytes(content)
    return Table("a.raw", "a.json"), content


def random_rows(count, width=5):
    return np.random.default_rng(0).normal(size=(count, width)).astype(np.float32)


def test_the_raw_file_is_nothing_but_little_endian_floats_and_the_sidecar_says_so():
    rows = random_rows(3)

    save(rows)

    about = json.loads(Path("a.json").read_text())
    assert Path("a.raw").read_bytes() == rows.astype("<f4").tobytes()
    assert (about["count"], about["width"], about["dtype"], about["byte_order"]) == (3, 5, "float32", "little")
    assert about["digest"] == hashlib.blake2b(rows.tobytes(), digest_size=16).hexdigest()


@given(
    inputs=SHAPES, targets=SHAPES, count=st.integers(0, 40), parts=st.integers(1, 6), block_bytes=st.integers(1, 300)
)
@example(inputs=[(2,)], targets=[()], count=0, parts=1, block_bytes=64)
def test_any_rows_come_back_in_whatever_parts_and_blocks(inputs, targets, count, parts, block_bytes):
    inputs = {f"i{number}": shape for number, shape in enumerate(inputs)}
    targets = {f"t{number}": shape for number, shape in enumerate(targets)}
    width = sum(int(np.prod(shape)) for shape in [*inputs.values(), *targets.values()])
    rows = random_rows(count, width)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "BLOCK_BYTES", block_bytes)
        save(rows, inputs, targets)
        in_one_part = Path("a.json").read_text()
        save(rows, inputs, targets, parts)
    table = Table("a.raw", "a.json")

    assert Path("a.json").read_text() == in_one_part
    assert (table.count, table.width) == (count, width)
    assert np.array_equal(table.read(), rows)
    assert np.array_equal(table.array, rows)
    assert table.input_width == sum(int(np.prod(shape)) for shape in inputs.values())
    assert [c["name"] for c in table.components] == [*(f"input/{n}" for n in inputs), *(f"target/{n}" for n in targets)]
    assert (table.kind("input"), table.kind("target")) == (components_of(inputs), components_of(targets))
    sizes = [len(block) * width * 4 for _, block in table.blocks()]
    assert all(0 < size <= max(block_bytes, width * 4) for size in sizes)


@pytest.mark.parametrize("shape", [(5,), (2, 4), (1, 5, 1)], ids=str)
def test_rows_of_another_width_are_refused(shape):
    sentence = re.escape(f"rows of shape {shape} for a table of width 5")

    with TableWriter("a.raw", "a.json", {"x": (2,)}, {"y": (3,)}) as writer, pytest.raises(ValueError, match=sentence):
        writer.write(np.zeros(shape))


def test_no_sidecar_vouches_for_rows_that_were_not_all_written():
    with pytest.raises(KeyboardInterrupt), TableWriter("a.raw", "a.json", {"x": (2,)}, {}) as writer:
        writer.write(np.zeros((1, 2)))
        raise KeyboardInterrupt

    assert not Path("a.json").exists()


@pytest.mark.parametrize(("row", "first", "last"), [(2, 0, 2), (3, 3, 5), (19, 18, 19)])
def test_a_flipped_byte_is_found_after_whole_blocks_and_its_rows_are_named(row, first, last, small_blocks, told):
    rows, given = random_rows(20), [np.zeros((0, 5))]
    table, content = damaged(rows, row)

    sentence = told(given.extend, (block for _, block in table.blocks()))

    assert sentence.startswith(f"a.raw is damaged (checksum of rows {first} to {last})")
    assert np.array_equal(np.vstack(given), rows[:first])
    assert not Path("a.raw").exists()
    assert Path("a.raw.damaged").read_bytes() == content


@pytest.mark.parametrize("use", [Table.read, Table.check])
def test_reading_and_checking_a_damaged_table_are_errors_too(use, told):
    table, _ = damaged(random_rows(20), 5)

    assert "checksum of rows 0 to 19" in told(use, table)


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


def test_a_block_without_a_chosen_row_is_not_read_and_its_damage_found_when_it_is(small_blocks, told):
    table, _ = damaged(random_rows(20), 0)

    given = list(table.blocks(np.arange(20) > 2))

    assert given
    assert "checksum of rows 0 to 2" in told(list, table.blocks(np.arange(20) == 2))


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


@pytest.mark.parametrize("value", [0.1, 3e38])
def test_a_constant_column_has_its_value_as_mean_and_no_deviation(value):
    rows = np.full((7, 2), value, np.float32)

    count, mean, deviation = moments([rows[:3], rows[3:3], rows[3:]])

    assert (count, mean.tolist(), deviation.tolist()) == (7, [np.float32(value)] * 2, [0, 0])
    assert moments([])[0] == 0


@pytest.mark.parametrize(
    ("path", "size", "sentence"),
    [
        ("a.raw", 399, "a.raw is damaged (399 bytes instead of 400); it was put aside"),
        ("a.raw", 401, "a.raw is damaged (401 bytes instead of 400); it was put aside"),
        ("a.json", 50, "a.json is damaged (not JSON: "),
    ],
)
def test_a_file_of_another_size_is_put_aside_and_named_and_what_then_lacks(path, size, sentence, told):
    save(random_rows(20))
    content = Path(path).read_bytes() + b"\x00"
    Path(path).write_bytes(content[:size])

    sentences = [told(Table, "a.raw", "a.json") for _ in range(2)]

    lacking = {"a.raw": ", though a.json does: delete a.json and run again", "a.json": ""}[path]
    assert sentences[0].startswith(sentence)
    assert sentences[1] == f"{path} does not exist{lacking}"
    assert Path(f"{path}.damaged").stat().st_size == size
