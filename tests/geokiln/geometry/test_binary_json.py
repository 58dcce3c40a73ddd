"""Binary JSON: what each token means, byte for byte; what is dumped; what is refused."""

import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.geometry.binary_json import DEPTH, MAGIC, dump, parse

ORDERS = sorted(MAGIC)


def document(*parts, order="<"):
    """Bytes of a document: bytes as they are, numbers as one byte, (format, number) packed in the file's order."""
    content = MAGIC[order]
    for part in parts:
        if isinstance(part, tuple):
            content += struct.pack(order + part[0], part[1])
        else:
            content += part if isinstance(part, bytes) else bytes([part])
    return content


def same(one, other):
    """Whether two documents are equal, arrays down to their type."""
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return isinstance(other, dict) and list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


VALUES = [
    ([0], None), ([0x30], False), ([0x31], True), ([0x10, 0], False), ([0x10, 1], True),
    ([0x11, ("b", -5)], -5), ([0x12, ("h", -500)], -500), ([0x13, ("i", 1 << 30)], 1 << 30),
    ([0x14, ("q", -1 << 63)], -1 << 63), ([0x21, 255], 255), ([0x22, ("H", 65535)], 65535),
    ([0x18, ("e", 0.5)], 0.5), ([0x19, ("f", 0.25)], 0.25), ([0x1A, ("d", 0.1)], 0.1),
    ([0x27, 3, b"a\xc3\xa9"], "aé"), ([0x27, 1, b"\xe9"], "\udce9"), ([0x27, 0], ""),
    ([0x27, 0xF2, ("H", 241), b"x" * 241], "x" * 241), ([0x27, 0xF4, ("I", 2), b"ab"], "ab"),
    ([0x27, 0xF8, ("Q", 2), b"ab"], "ab"),
    (b"[]", []), (b"{}", {}), ([b"[", 0x11, 1, b"[", 0x31, b"]]"], [1, [True]]),
    ([b"{", 0x27, 1, b"k", b"{", 0x27, 1, b"l", 0x11, 1, b"}}"], {"k": {"l": 1}}),
    ([0x2B, 0, 1, b"a", b"[", 0x26, 0, 0x2B, 0, 1, b"b", 0x26, 0, b"]"], ["a", "b"]),
    ([b"{", 0x2B, 7, 1, b"k", 0x26, 7, 0x2B, 8, 1, b"v", 0x26, 8, b"}"], {"k": "v"}),
    ([0x40, 0x27, 2, 1, b"a", 0], ["a", ""]),
    ([b"[", 0x2B, 3, 1, b"a", 0x40, 0x26, 2, 3, 3, b"]"], [["a", "a"]]),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "value"), VALUES)
@pytest.mark.parametrize("order", ORDERS)
def test_a_value_in_both_byte_orders(order, parts, value):
    assert same(parse(document(*([parts] if isinstance(parts, bytes) else parts), order=order)), value)


@pytest.mark.parametrize(
    ("token", "code", "form", "numbers"),
    [(0x11, "i1", "b", [-1, 2]), (0x12, "i2", "h", [-300]), (0x13, "i4", "i", [1, 70000]), (0x14, "i8", "q", [1 << 40])]
    + [(0x21, "u1", "B", [200]), (0x22, "u2", "H", [60000]), (0x19, "f4", "f", [0.5, -2]), (0x1A, "f8", "d", [])]
    + [(0x18, "f2", "e", [0.5])],
)
@pytest.mark.parametrize("order", ORDERS)
def test_a_uniform_array_keeps_its_type_in_both_byte_orders(order, token, code, form, numbers):
    array = parse(document(0x40, token, len(numbers), *((form, number) for number in numbers), order=order))

    assert array.dtype == np.dtype(order + code)
    assert array.tolist() == numbers
    assert not array.flags.writeable


@pytest.mark.parametrize("order", ORDERS)
def test_bools_are_packed_into_words_of_32_the_lowest_bit_first(order):
    words = [("I", 0b101), ("I", 0b10)]

    array = parse(document(0x40, 0x10, 34, *words, order=order))

    assert array.dtype == bool
    assert np.flatnonzero(array).tolist() == [0, 2, 33]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("count", [15, 16, 47, 48, 1000])
def test_repeated_numbers_of_one_type_are_an_array_if_they_are_many_and_all_of_their_list(order, count):
    numbers = [part for number in range(count) for part in (0x12, ("h", 0x1212 + number))]

    whole = parse(document(b"[", *numbers, b"]", order=order))
    after = parse(document(b"[", 0x31, *numbers, b"]", order=order))
    before = parse(document(b"[", *numbers, 0x31, b"]", order=order))

    assert isinstance(whole, np.ndarray) == (count >= 16)
    assert list(whole) == list(range(0x1212, 0x1212 + count))
    assert after == [True, *whole]
    assert before == [*whole, True]


def test_a_long_list_of_integers_of_several_widths_is_an_array_of_the_widest():
    numbers = [part for number in range(200) for part in ((0x11, number) if number < 128 else (0x12, ("h", number)))]

    array = parse(document(b"[", *numbers, b"]"))

    assert array.dtype == np.int16
    assert array.tolist() == list(range(200))


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([], "it ends early"), ([b"["], "it ends early"), ([0x13, b"abc"], "it ends early"),
        ([0x27, 5, b"abcd"], "it ends early"), ([0x40], "it ends early"),
        ([0x40, 0x13, 2, b"1234567"], "it ends early"),
        ([0x40, 0x1A, 0xF8, b"\xff" * 8], "it ends early"), ([0x40, 0x10, 0xF8, b"\xff" * 8], "it ends early"),
        ([0x40, 0x27, 0xF8, b"\xff" * 8], "it ends early"), ([0x40, 0x26, 2, 0], "it ends early"),
        ([0x26, 0], "string 0 is not defined"), ([0x2B, 0, 1, b"a", 0x2D, 0, 0x26, 0], "string 0 is not defined"),
        ([0x31, 0x31], "1 bytes after its end"), ([0x27, 0xF1], "a length that begins with byte 241"),
        ([0x23], "byte 35 where a value should begin"), ([b"]"], "byte 93 where a value should begin"),
        ([b"[}"], "byte 125 where a value should begin"), ([0x40, 0x5B, 0], "an array of type 91"),
        ([b"{", 0x27, 1, b"k}"], "a map whose keys are not strings"),
        ([b"{", 0x11, 1, 0x11, 1, b"}"], "a map whose keys are not strings"), ([b"[" * 100000], "nest deeper than 200"),
    ],
)  # fmt: skip
def test_what_is_no_complete_value_is_refused_with_a_reason(parts, reason):
    with pytest.raises(ValueError, match=reason):
        parse(document(*parts))


def test_the_first_bytes_must_be_the_formats():
    with pytest.raises(ValueError, match="its first bytes are wrong"):
        parse(b"\x7fNSJa\x00")


def test_a_string_is_defined_at_its_first_use_unless_it_is_long_or_of_several_lines():
    long = "x" * 65

    assert dump(["ab", "ab", "a\nb", {"ab": long}]) == document(
        b"[", 0x2B, 0, 2, b"ab", 0x26, 0, 0x26, 0, 0x27, 3, b"a\nb", b"{", 0x26, 0, 0x27, 65, long.encode(), b"}]"
    )


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        (127, [0x11, 127]), (128, [0x12, ("h", 128)]), (-32769, [0x13, ("i", -32769)]),
        (1 << 31, [0x14, ("q", 1 << 31)]),
        (np.int64(-128), [0x11, 0x80]), (0.5, [0x1A, ("d", 0.5)]), (np.float32(0.5), [0x1A, ("d", 0.5)]),
        (np.array([1, -128]), [0x40, 0x11, 2, b"\x01\x80"]), (np.array([300], ">i8"), [0x40, 0x12, 1, ("h", 300)]),
        (np.array([0.5], ">f4"), [0x40, 0x19, 1, ("f", 0.5)]), (np.zeros(0, np.int64), [0x40, 0x11, 0]),
        (np.arange(33) % 32 == 0, [0x40, 0x10, 33, ("I", 1), ("I", 1)]),
        (np.array([[1, 2], [3, 4]]), [b"[", 0x40, 0x11, 2, b"\1\2", 0x40, 0x11, 2, b"\3\4]"]),
        (np.bool_(True), [0x31]), ((None,), [b"[", 0, b"]"]),
    ],
)  # fmt: skip
def test_what_is_dumped_takes_the_narrowest_integers_and_its_own_floats(value, parts):
    assert dump(value) == document(*parts)


ARRAYS = st.sampled_from(["b1", "i1", "i2", "i4", "i8", "f2", "f4", "f8"]).flatmap(
    lambda code: st.lists(st.integers(-100, 100), max_size=70).map(lambda numbers: np.array(numbers).astype(code))
)
SCALARS = st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.floats(allow_nan=False) | st.text()
DOCUMENTS = st.recursive(
    SCALARS | ARRAYS, lambda inner: st.lists(inner, max_size=300) | st.dictionaries(st.text(), inner)
)


def listed(value):
    """A document with lists for its arrays: which of both a list of numbers is, is for the reader to decide."""
    if isinstance(value, dict):
        return {key: listed(member) for key, member in value.items()}
    return [listed(member) for member in value] if isinstance(value, (list, np.ndarray)) else value


@given(DOCUMENTS)
def test_what_is_dumped_is_parsed_again(value):
    assert listed(parse(dump(value))) == listed(value)


@pytest.mark.parametrize("value", [1 << 63, object(), np.zeros(2, complex), np.array([1 << 63], np.uint64)])
def test_what_the_format_cannot_hold_is_refused(value):
    with pytest.raises(ValueError, match="no place in a document|more than 64 bits"):
        dump([value])


def nested(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_what_can_be_dumped_can_be_parsed_however_deep():
    parse(dump(nested(DEPTH)))
    for use in (lambda: dump(nested(DEPTH + 1)), lambda: parse(document(b"[" * (DEPTH + 1) + b"]" * (DEPTH + 1)))):
        with pytest.raises(ValueError, match="lists nest deeper than 200"):
            use()


@given(value=DOCUMENTS, place=st.integers(0, 1 << 20), byte=st.integers(0, 255), cut=st.booleans())
def test_damaged_bytes_are_read_or_refused_and_nothing_else(value, place, byte, cut):
    content = bytearray(dump(value))
    place %= len(content)
    content[place] = byte
    with suppress(ValueError):
        parse(content[:place] if cut else content)
