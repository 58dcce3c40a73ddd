"""CSV and Parquet: what a column becomes, and the one sentence for each table that is none."""

import datetime
import decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from geokiln.errors import UserError
from geokiln.formats import columns, tables
from geokiln.formats.tables import read_table


def columns_of(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return {name: (array.dtype.str[1:], array.tolist()) for name, array in read_table(path).items()}


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("1|-2|+3", ("i8", [1, -2, 3])),
        ("9007199254740993|-9223372036854775808", ("i8", [9007199254740993, -9223372036854775808])),
        ("18446744073709551615|0", ("u8", [18446744073709551615, 0])),
        ("1|2.5|-1e3|inf", ("f8", [1.0, 2.5, -1000.0, np.inf])),
        ("007|12", ("i8", [7, 12])),
        ("0x10|12", ("U4", ["0x10", "12"])),
        ("true|FALSE", ("b1", [True, False])),
        ("1|walk", ("U4", ["1", "walk"])),
        ("2026-01-31|2026-02-01", ("U10", ["2026-01-31", "2026-02-01"])),
        ("NA|Zürich|", ("U6", ["NA", "Zürich", ""])),
        ('"a, ""b"""|c', ("U6", ['a, "b"', "c"])),
    ],
)
def test_a_column_of_a_csv_is_numbers_or_truth_values_if_all_its_values_are(tmp_path, text, column):
    rows = "".join(f"1,{value}\r\n" for value in text.split("|"))

    assert columns_of(tmp_path / "runs.csv", f"row, it\r\n{rows}\r\n")["it"] == column


@pytest.mark.parametrize(("values", "first"), [("1|NA", 1.0), ("true|", 1.0), ("0.5|null", 0.5), ("|", np.nan)])
def test_a_number_that_is_missing_is_nan(tmp_path, values, first):
    rows = "".join(f"1,{value}\n" for value in values.split("|"))
    (kind, numbers) = columns_of(tmp_path / "runs.csv", f"row,it\n{rows}")["it"]

    assert kind == "f8"
    np.testing.assert_array_equal(numbers, [first, np.nan])


def test_a_tsv_has_tabs_and_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    assert columns_of(tmp_path / "runs.TSV", b"\xef\xbb\xbfa\tb\n1\tx,y\n") == {"a": ("i8", [1]), "b": ("U3", ["x,y"])}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "runs.csv is empty$"),
        (b"\n\n", "runs.csv has no columns"),
        (b"a,b\n1,2\n3\n", r"\(.*Row #3: Expected 2 columns, got 1.*\); save it again"),
        (b"a,a\n1,2\n", "two columns are called 'a'; rename one"),
        (b"a,,c\n1,2,3\n", "column 2 has no name"),
        (b"0.5,walk\n0.7,run\n", "the first row must name the columns; 0.5 stands there"),
        (b"a;b\n1;2\n", "its columns are not separated by ','"),
        (b"a,b\n1,\xff\n", "not in UTF-8"),
        (b"a,\xff\n1,2\n", "not in UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "encoded in UTF-16"),
        (b'a,b\n1,"2\n3,4\n', "a quotation mark is not closed"),
        (b"a,b\n123456789012345678901,1\n", "'a' holds integers of more than 64 bits; write them as floats"),
        (b"a,b\n9007199254740993,1\n,2\n", "'a' lacks values, and holds integers that floats do not hold"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
    ],
)
def test_a_csv_that_is_no_table_ends_in_one_sentence(tmp_path, content, sentence):
    with pytest.raises(UserError, match=sentence) as raised:
        columns_of(tmp_path / "runs.csv", content)
    assert str(raised.value).startswith(str(tmp_path / "runs.csv"))


def parquet(path, **given):
    pyarrow.parquet.write_table(pa.table(given), path)
    return path


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (pa.array([1.5, None], pa.float32()), np.array([1.5, np.nan], np.float32)),
        (pa.array([1, 2], pa.int8()), np.array([1, 2], np.int8)),
        (pa.array([2**64 - 1, 0], pa.uint64()), np.array([2**64 - 1, 0], np.uint64)),
        (pa.array([1, None]), np.array([1.0, np.nan])),
        (pa.array([True, None]), np.array([1.0, np.nan])),
        (pa.array(["walk", None]), np.array(["walk", ""])),
        (pa.array(["a", "b"]).dictionary_encode(), np.array(["a", "b"])),
        (pa.nulls(2), np.array([np.nan, np.nan])),
        (pa.array([[1, 2], None], pa.list_(pa.float32(), 2)), np.array([[1, 2], [np.nan, np.nan]], np.float32)),
        (pa.array([[1, 2], [3, 4]]), np.array([[1, 2], [3, 4]])),
        (pa.array([["a", "bc"], None]), np.array([["a", "bc"], ["", ""]])),
        (pa.array([datetime.date(2026, 1, 31), None]), np.array(["2026-01-31", ""])),
        (pa.array([decimal.Decimal("1.5")] * 2), np.array([1.5, 1.5])),
        (pa.array([decimal.Decimal(2**60 + 1)] * 2, pa.decimal128(38, 0)), np.array([2**60 + 1] * 2)),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_a_column_of_a_parquet_keeps_its_width(tmp_path, given, wanted):
    array = read_table(parquet(tmp_path / "runs.parquet", it=given))["it"]

    assert array.dtype == wanted.dtype
    np.testing.assert_array_equal(array, wanted)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (pa.array([{"x": 1}]), r"'it' holds struct<x: int64>; save plain numbers or texts"),
        (pa.array([b"bytes"]), "'it' holds binary; save"),
        (pa.array([datetime.timedelta(1)]), "'it' holds duration"),
        (pa.array([None, [1, 2], [3]]), "2 values in row 1 and 1 values in row 2, counted from 0; all must have one"),
        (pa.array([2**60, None]), "'it' lacks values, and holds integers that floats do not hold"),
        (pa.array([[2**60], None]), "'it' lacks values, and holds integers that floats do not hold"),
    ],
)
def test_what_is_no_attribute_is_refused_by_name(tmp_path, given, sentence):
    with pytest.raises(UserError, match=sentence):
        read_table(parquet(tmp_path / "runs.parquet", it=given))


def test_a_long_text_that_few_bytes_repeat_takes_no_memory(tmp_path, monkeypatch):
    path = parquet(tmp_path / "runs.parquet", it=pa.array(["x" * 50_000, *["y"] * 50_000]))
    monkeypatch.setattr(columns, "memory", lambda: 1 << 30)

    with pytest.raises(UserError, match="'it': its texts, up to 50000 characters long, need too much memory"):
        read_table(path)


@pytest.mark.parametrize("given", [pa.array([0] * 5000), pa.array([[0] * 100] * 50)], ids=["numbers", "lists"])
def test_a_parquet_of_more_values_than_fit_into_memory_is_refused(tmp_path, monkeypatch, given):
    path = parquet(tmp_path / "runs.parquet", it=given)
    monkeypatch.setattr(tables, "memory", lambda: 8 * 5000)
    assert len(read_table(path)["it"]) == len(given)

    monkeypatch.setattr(tables, "memory", lambda: 8 * 5000 - 1)
    with pytest.raises(UserError, match="runs.parquet needs more memory than there is"):
        read_table(path)


def test_a_damaged_parquet_ends_in_one_sentence(tmp_path):
    whole = parquet(tmp_path / "runs.parquet", it=pa.array(range(1000)), name=pa.array(["a"] * 1000)).read_bytes()
    for length in range(4, len(whole), len(whole) // 20):
        (tmp_path / "runs.parquet").write_bytes(whole[:length])
        with pytest.raises(UserError, match="runs.parquet cannot be read as a table"):
            read_table(tmp_path / "runs.parquet")
