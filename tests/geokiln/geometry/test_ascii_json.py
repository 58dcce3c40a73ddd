"""ASCII JSON: as the json module reads it, except that long lists of numbers are arrays."""

import json
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.geometry import ascii_json
from geokiln.geometry.ascii_json import parse

INTEGERS = list(range(1000, 1100))
FLOATS = [number + 0.5 for number in INTEGERS]
ROWS = [[number, number + 0.5, -number] for number in INTEGERS]


def listed(value):
    if isinstance(value, dict):
        return {key: listed(member) for key, member in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    return [listed(member) for member in value] if isinstance(value, list) else value


@pytest.fixture(params=[1, 50, 1 << 16])
def piece(request, monkeypatch):
    """Lists are parsed in pieces of that many bytes."""
    monkeypatch.setattr(ascii_json, "PIECE", request.param)


@pytest.mark.parametrize("separators", [(",", ":"), (" ,\n\t", " : ")])
@pytest.mark.parametrize(
    ("numbers", "dtype"),
    [
        (INTEGERS, "i2"), ([1] * 100, "i1"), ([-70000] * 99 + [1], "i4"), ([1] * 100 + [-1 << 63], "i8"),
        (FLOATS, "f8"), ([0] * 100 + [0.5], "f8"), ([1e300, -2.5e-7] * 9, "f8"),
    ],
)  # fmt: skip
def test_a_long_list_of_numbers_is_an_array_of_the_narrowest_type(piece, numbers, dtype, separators):
    array = parse(json.dumps(["a", numbers, "b"], separators=separators).encode())[1]

    assert array.dtype == dtype
    assert array.tolist() == numbers
    assert not array.flags.writeable


@pytest.mark.parametrize("rows", [ROWS, [[number] for number in INTEGERS], [[0] * 16, [1] * 16]])
def test_equally_long_lists_are_the_rows_of_one_array(rows):
    array = parse(json.dumps({"tuples": rows, "after": []}).encode())["tuples"]

    assert array.shape == (len(rows), len(rows[0]))
    assert array.tolist() == rows


@pytest.mark.parametrize(
    "document",
    [
        [FLOATS], [[FLOATS]], [[ROWS]], [ROWS, [[1, 2]]], [[*ROWS, [1, 2]]], [[*ROWS, []]], [[*ROWS, 1]],
        [[*ROWS, [[1]]]],
        [[1, ROWS]], [[[1], [2], FLOATS]], [[FLOATS, INTEGERS, [1]]], [[[[1]]] * 50], [[True, *INTEGERS]],
        [[*FLOATS, None]], [[*FLOATS, "a", *FLOATS]], [[*INTEGERS, 1 << 63]], [[*FLOATS, (1 << 53) + 1]],
        [[*ROWS, [1, 2, 1 << 70]]], [[-(1 << 63) - 1] * 9], [[1e999] * 30], [], [[[]] * 50],
        ["[" + "1," * 99 + "1]", r'\"[' + "1," * 99, "\\", FLOATS, '\\"', FLOATS], {"[1": INTEGERS, "é": "]"},
    ],
)  # fmt: skip
def test_values_are_those_of_the_json_module(piece, document):
    for text in (json.dumps(document), json.dumps(document, indent=1, ensure_ascii=False)):
        assert listed(parse(text.encode())) == json.loads(text)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_a_word_for_a_number_leaves_its_list_to_the_json_module(word):
    numbers = parse(f"[[{'1.5,' * 50}{word}]]".encode())[0]

    assert isinstance(numbers, list)
    assert repr(numbers[-1]) == repr(float(word))


def test_bytes_that_are_no_text_are_kept():
    assert parse(b'["\xe9"]') == ["\udce9"]


LONG = "1," * 50


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "[", '["a', '["a\\"]', "[1,]", "[1 2]", '["a"] 1',
        f"[{LONG} ", f"[{LONG}]", f"[{LONG},1]", f"[{LONG}01]", f"[{LONG}1 2]", f"[{LONG}+1]", f"[{LONG}1.]",
        f"[{LONG}.5]",
        f"[{LONG}1e]", f"[{LONG}--1]", f"[{LONG}1-1]", f"[{LONG}\v1]", f"[{LONG}0x1]", f"[[{LONG}1],[1]", f"[[{LONG}1]",
        f"[[{LONG}1],]",
        f"[[{LONG}1] [1]]", f"[{LONG}1]]", f"[[1],[{LONG}]]", '["a",' + "[1,2]," * 30 + "]", f"[{LONG}nan]",
    ],
)  # fmt: skip
def test_what_the_json_module_refuses_is_refused_for_its_reason(piece, text):
    with pytest.raises(json.JSONDecodeError) as expected:
        json.loads(text)

    with pytest.raises(ValueError) as error:
        parse(text.encode())

    reason = expected.value.msg.replace(" starting at", " starting")
    assert str(error.value) == f"{reason} at byte {expected.value.pos}"


@pytest.mark.parametrize("rest", ["1,", "1", "-", "1e", "1],[", "1],"])
def test_an_end_among_numbers_is_told_before_they_are_parsed(monkeypatch, rest):
    monkeypatch.setattr(ascii_json.json, "loads", None)

    with pytest.raises(ValueError, match=f"^it ends in a list of numbers at byte {108 + len(rest)}$"):
        parse(f'["a", [[{LONG}{rest}'.encode())


def test_the_place_of_a_mistake_is_that_in_the_file():
    text = json.dumps(["é", FLOATS, ROWS, {"a": 1}, "é"], ensure_ascii=False).encode()

    with pytest.raises(ValueError, match=f"at byte {len(text)}$"):
        parse(text[:-1] + b",,")


def test_deep_nesting_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="lists nest too deep"):
        parse(b"[" * 100000 + b"]" * 100000)


NUMBERS = st.integers() | st.floats(allow_nan=False) | st.integers(-9, 9)
DOCUMENTS = st.recursive(
    NUMBERS | st.text() | st.booleans(), lambda inner: st.lists(inner) | st.lists(NUMBERS, min_size=20)
)


@given(DOCUMENTS, st.sampled_from([None, 0, 3]))
def test_any_document_is_read_as_by_the_json_module(value, indent):
    text = json.dumps(value, indent=indent)

    assert listed(parse(text.encode())) == json.loads(text)


@given(
    st.text(st.sampled_from('[[[]]],,,"\\ 1234567890.-e{}:t'), max_size=300),
    st.sampled_from(["", "1," * 40, "[1]," * 40]),
)
def test_any_text_is_read_or_refused_as_by_the_json_module(text, numbers):
    text = "[" + text + numbers + "1]"
    expected = None
    with suppress(ValueError):
        expected = json.loads(text)

    found = None
    with suppress(ValueError):
        found = listed(parse(text.encode()))

    assert found == expected
