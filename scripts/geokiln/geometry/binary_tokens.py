"""The bytes that say what follows in Houdini's binary JSON, and arrays in the narrowest of its types."""

MAGIC = {"<": b"\x7fNSJb", ">": b"\x7fbJSN"}


class Token:
    NULL, FALSE, TRUE, BOOL = 0x00, 0x30, 0x31, 0x10
    STRING, DEFINE, REFERENCE, UNDEFINE = 0x27, 0x2B, 0x26, 0x2D
    UNIFORM, LIST, LIST_END, MAP, MAP_END = 0x40, 0x5B, 0x5D, 0x7B, 0x7D


NUMBERS = {0x11: "i1", 0x12: "i2", 0x13: "i4", 0x14: "i8", 0x18: "f2", 0x19: "f4", 0x1A: "f8", 0x21: "u1", 0x22: "u2"}
TOKENS = {code: token for token, code in NUMBERS.items()}
FORMATS = {"i1": "b", "i2": "h", "i4": "i", "i8": "q", "f2": "e", "f4": "f", "f8": "d", "u1": "B", "u2": "H"}
LENGTHS = {0xF2: "H", 0xF4: "I", 0xF8: "Q"}  # what follows; a byte below F1 is the length itself


def narrowest(array):
    """Return an array of integers as the narrowest of int8, 16, 32 and 64 that holds them; ValueError if none does."""
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    return array.astype(signed(low, high), copy=False)


def signed(low, high):
    """Return the code of the narrowest of the integer types that holds both numbers; ValueError if none does."""
    for code in ("i1", "i2", "i4", "i8"):
        most = 1 << 8 * int(code[1]) - 1
        if -most <= low and high < most:
            return code
    raise ValueError(f"{low if -low > high else high} is more than 64 bits hold")


def read_only(array):
    """Return an array that nobody can write to, as those are that lie in a file's bytes."""
    array.flags.writeable = False
    return array
