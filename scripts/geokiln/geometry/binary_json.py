"""Houdini's binary JSON, parsed and dumped: a byte that says what follows, then its data.

Strings can be defined once and named by a number from there on. Arrays of one type are stored as such ("uniform"),
except by Houdini 13 to 16, which repeat the type before each number.
"""

import struct

import numpy as np

from geokiln.geometry.binary_tokens import FORMATS, LENGTHS, MAGIC, NUMBERS, TOKENS, Token, narrowest, read_only, signed

DEPTH = 200  # of lists in lists; what Houdini nests stays below 30
RUN, LONG = 16, 64  # numbers one after another that are worth numpy; members of a list that may become an array
CONSTANTS = {Token.NULL: None, Token.FALSE: False, Token.TRUE: True}
DEFINED = 64  # longer strings are rarely there twice


def parse(data):
    """Return the document in *data* (bytes-like, magic included).

    Lists and maps become list and dict, numbers int and float. A uniform array becomes a list of str, or a read-only
    array (n,) of the type stored; so does a long list of numbers of one kind.

    Raises
    ------
    ValueError
        If *data* is not exactly one complete value, or lists nest deeper than ``DEPTH``.
    """
    return _Reader(data).document()


class _Reader:
    def __init__(self, data):
        self.data = memoryview(data).toreadonly()
        self.order = next((order for order, magic in MAGIC.items() if self.data[:5] == magic), None)
        if not self.order:
            raise ValueError("its first bytes are wrong")
        self.at, self.strings = 5, {}
        self.numbers = {token: struct.Struct(self.order + FORMATS[code]) for token, code in NUMBERS.items()}
        self.lengths = {token: struct.Struct(self.order + code) for token, code in LENGTHS.items()}

    def document(self):
        """Return the value; lists and maps that are still open wait on a stack."""
        members, closes, waiting = [], None, []
        while waiting or not members:
            token = self.byte()
            if token in NUMBERS:
                run = self.run(token, alone=not members) if closes == Token.LIST_END else None
                if run is None:
                    members.append(self.unpack(self.numbers[token]))
                elif isinstance(run, list):
                    members.extend(run)
                else:  # of the whole list
                    members, closes = waiting.pop()
                    members.append(run)
            elif token in (Token.LIST, Token.MAP):
                if len(waiting) == DEPTH:
                    raise ValueError(f"lists nest deeper than {DEPTH}")
                waiting.append((members, closes))
                members, closes = [], token + 2  # the byte that closes it
            elif token == closes:
                value = _mapping(members) if token == Token.MAP_END else _listed(members)
                members, closes = waiting.pop()
                members.append(value)
            elif token == Token.DEFINE:
                number = self.length()
                self.strings[number] = self.string()
            elif token == Token.UNDEFINE:
                self.strings.pop(self.length(), None)
            else:
                members.append(self.value(token))
        if self.at != len(self.data):
            raise ValueError(f"{len(self.data) - self.at} bytes after its end")
        return members[0]

    def value(self, token):
        if token == Token.REFERENCE:
            return self.reference()
        if token == Token.STRING:
            return self.string()
        if token == Token.UNIFORM:
            return self.uniform()
        if token in CONSTANTS:
            return CONSTANTS[token]
        if token == Token.BOOL:
            return bool(self.byte())
        raise ValueError(f"byte {token} where a value should begin (at {self.at - 1})")

    def uniform(self):
        token, count = self.byte(), self.length()
        if token in NUMBERS:
            dtype = np.dtype(self.order + NUMBERS[token])
            return np.frombuffer(self.taken(count * dtype.itemsize), dtype)
        if token == Token.BOOL:  # 32 in a word, the lowest bit first
            words = np.frombuffer(self.taken(-(-count // 32) * 4), self.order + "u4").astype("<u4", copy=False)
            return read_only(np.unpackbits(words.view("u1"), count=count, bitorder="little").view(bool))
        if count > len(self.data) - self.at:
            raise ValueError("it ends early")
        if token == Token.STRING:
            return [self.string() for _ in range(count)]
        if token == Token.REFERENCE:
            return [self.reference() for _ in range(count)]
        raise ValueError(f"an array of type {token}")

    def run(self, token, alone):
        """Return numbers of one type that follow each other: a list, None if they are few; an array of a whole list.

        *alone*: nothing stands before them in their list.
        """
        dtype = np.dtype([("token", "u1"), ("number", self.order + NUMBERS[token])])
        at, width = self.at - 1, dtype.itemsize  # so wide is each: their types stand at known places
        if self.data[at : at + RUN * width : width] != bytes([token]) * RUN:
            return None
        most, count, step = (len(self.data) - at) // width, 0, RUN
        while count < most:  # in growing steps: else many short runs would cost the size of the file each
            step = min(2 * step, most - count)
            others = np.frombuffer(self.data, dtype, step, at + count * width)["token"] != token
            if others.any():
                count += int(others.argmax())
                break
            count += step
        numbers = np.frombuffer(self.data, dtype, count, at)["number"]
        self.at = at + count * width
        if not alone or self.data[self.at : self.at + 1] != bytes([Token.LIST_END]):
            return numbers.tolist()
        self.at += 1
        return read_only(numbers.copy())

    def byte(self):
        self.at += 1
        if self.at > len(self.data):
            raise ValueError("it ends early")
        return self.data[self.at - 1]

    def taken(self, count):
        start, self.at = self.at, self.at + count
        if self.at > len(self.data):
            raise ValueError("it ends early")
        return self.data[start : self.at]

    def unpack(self, form):
        return form.unpack(self.taken(form.size))[0]

    def length(self):
        first = self.byte()
        if first < 0xF1:
            return first
        if first not in self.lengths:
            raise ValueError(f"a length that begins with byte {first}")
        return self.unpack(self.lengths[first])

    def string(self):
        return str(self.taken(self.length()), "utf-8", "surrogateescape")

    def reference(self):
        number = self.length()
        if number not in self.strings:
            raise ValueError(f"string {number} is not defined")
        return self.strings[number]


def _mapping(members):
    keys = members[::2]
    if len(members) % 2 or not all(isinstance(key, str) for key in keys):
        raise ValueError("a map whose keys are not strings")
    return dict(zip(keys, members[1::2]))


def _listed(members):
    """Return a list as it is, or as an array if it is long and of numbers of one kind, whatever their widths."""
    if len(members) < LONG or type(members[0]) not in (int, float) or len(set(map(type, members))) > 1:
        return members
    array = np.array(members)
    return read_only(narrowest(array) if array.dtype.kind == "i" else array)


def dump(document):
    """Return a document (as ``parse`` gives it) as binary JSON, little-endian.

    Integers take the narrowest type that holds them, in arrays, too; floats float64, in arrays the array's own. An
    array with more dimensions becomes a list of its rows.

    Raises
    ------
    ValueError
        If the document holds anything else, an integer of more than 64 bits, or nests deeper than ``DEPTH``.
    """
    out = bytearray(MAGIC["<"])
    _dump(document, out, {}, DEPTH)
    return bytes(out)


def _dump(value, out, defined, depth):
    if isinstance(value, str):
        _dump_string(value, out, defined)
    elif value is None or isinstance(value, (bool, np.bool_)):
        out.append({None: Token.NULL, False: Token.FALSE, True: Token.TRUE}[value])
    elif isinstance(value, (int, np.integer)):
        code = signed(int(value), int(value))
        out += struct.pack(f"<B{FORMATS[code]}", TOKENS[code], int(value))
    elif isinstance(value, (float, np.floating)):
        out += struct.pack("<Bd", TOKENS["f8"], float(value))
    elif isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "biuf":
        _dump_array(value, out)
    elif isinstance(value, (dict, list, tuple)) or isinstance(value, np.ndarray) and value.ndim:
        if not depth:
            raise ValueError(f"lists nest deeper than {DEPTH}")
        begin = Token.MAP if isinstance(value, dict) else Token.LIST
        out.append(begin)
        for member in value:
            if begin == Token.MAP:
                _dump(str(member), out, defined, depth)
                member = value[member]
            _dump(member, out, defined, depth - 1)
        out.append(begin + 2)
    else:
        raise ValueError(f"a {type(value).__name__} has no place in a document")


def _dump_string(text, out, defined):
    """Dump a string as Houdini does: defined where it is first used, except a long one or one of several lines."""
    content = text.encode("utf-8", "surrogateescape")
    if len(content) > DEFINED or b"\n" in content:
        out += bytes([Token.STRING]) + _length(len(content)) + content
        return
    if content not in defined:
        defined[content] = _length(len(defined))
        out += bytes([Token.DEFINE]) + defined[content] + _length(len(content)) + content
    out += bytes([Token.REFERENCE]) + defined[content]


def _dump_array(array, out):
    if array.dtype.kind == "b":
        token, content = Token.BOOL, np.packbits(array, bitorder="little").tobytes()
        content += bytes(-len(content) % 4)
    else:
        array = array if array.dtype.kind == "f" else narrowest(array)
        if array.dtype.str[1:] not in TOKENS:
            raise ValueError(f"an array of {array.dtype} has no place in a document")
        token, content = TOKENS[array.dtype.str[1:]], array.astype(array.dtype.newbyteorder("<")).tobytes()
    out += bytes([Token.UNIFORM, token]) + _length(len(array)) + content


def _length(count):
    if count < 0xF1:
        return bytes([count])
    token = 0xF2 if count < 1 << 16 else 0xF4 if count < 1 << 32 else 0xF8
    return struct.pack("<B" + LENGTHS[token], token, count)
