"""What stands in a headerless file: blocks, in the words of Houdini's Raw Import. Only the standard library.

A block is an array: so many rows of a tuple, or of a volume. Blocks stand one after the other; one that is collated is
interleaved with the block before it, row by row. See https://www.sidefx.com/docs/houdini/nodes/sop/rawimport.html.
"""

import dataclasses
import math
from dataclasses import dataclass

from geokiln.errors import UserError, near_match

TYPES = ("float", "integer", "unsigned")
PRECISIONS = (8, 16, 32, 64)
ORDERS = ("zyx", "xyz")
BYTE_ORDERS = ("little", "big")
LARGEST = 1 << 40  # of a size, a resolution, a number of rows: what is beyond is a slip


@dataclass(frozen=True)
class Block:
    """A block of a file.

    Attributes
    ----------
    name : str
        Of the array; empty for one that is ignored.
    size : int
        Numbers of a tuple.
    type : str
        ``float``, ``integer`` (with a sign) or ``unsigned``.
    precision : int
        Bits of a number: 8 (integers alone), 16, 32, 64.
    bfloat16 : bool
        Whether a float of 16 bits has the range of one of 32: 8 bits of exponent, 7 of fraction.
    collate : bool
        Whether its rows alternate with those of the block before.
    ignored : bool
        Whether it is passed over.
    resolution : sequence of int, optional
        Voxels along x, y and z: then each row is a volume.
    order : str
        How voxels follow each other: ``zyx``, x running fastest, or ``xyz``, z running fastest.
    rows : int, optional
        Number of rows; None: as many as the file has room for.
    """

    name: str = ""
    size: int = 1
    type: str = "float"
    precision: int = 32
    bfloat16: bool = False
    collate: bool = False
    ignored: bool = False
    resolution: tuple = None
    order: str = "zyx"
    rows: int = None

    @property
    def stored_shape(self):
        """Shape of a row as it stands in the file."""
        voxels = tuple(self.resolution or ())
        voxels = voxels[::-1] if self.order == "zyx" else voxels
        return (*voxels, self.size) if self.size > 1 else voxels

    @property
    def shape(self):
        """Shape of a row as an array: (), (size,), (nz, ny, nx) or (nz, ny, nx, size)."""
        voxels = tuple(self.resolution or ())[::-1]
        return (*voxels, self.size) if self.size > 1 else voxels

    @property
    def row_bytes(self):
        """Bytes of a row."""
        return math.prod(self.stored_shape) * self.precision // 8


FIELDS = [field.name for field in dataclasses.fields(Block)]


def blocks_of(documents, where):
    """Return the Blocks that *documents* (a list of dicts with the fields of Block) describe.

    Raises
    ------
    UserError
        That names the first block in which something is wrong; *where* says whose they are.
    """
    for mistake in block_mistakes(documents):
        raise UserError(f"{where}{mistake}")
    return [Block(**document) for document in documents]


def block_mistakes(documents):
    """Yield a sentence for each mistake in a list of blocks, beginning with the block: ``[2]: ...``."""
    if not isinstance(documents, (list, tuple)) or not documents:
        yield ": there is no block; a list of them says what stands in the file"
        return
    sound = []
    for number, document in enumerate(documents):
        told = list(_mistakes_of(document))
        yield from (f"[{number}]{mistake}" for mistake in told)
        sound += [] if told else [(number, Block(**document))]
    names = [block.name for _, block in sound if not block.ignored]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f": two blocks are called {name!r}; rename one"
    if len(sound) < len(documents):
        return
    for number, block in sound:
        if block.collate and not number:
            yield "[0].collate: there is no block before the first one"
        elif block.collate and block.rows != sound[number - 1][1].rows:
            yield f"[{number}].collate: it has not as many rows as the block before it"
    if not names:
        yield ": all blocks are ignored; at least one must be read"


def _mistakes_of(document):
    """Yield what is wrong with one block."""
    if not isinstance(document, dict):
        yield ": a block is a set of keys: name, size, type, precision ..."
        return
    unknown = [key for key in document if key not in FIELDS]
    for key in unknown:
        yield f".{key}: unknown key; {near_match(key, FIELDS)}"
    if unknown:
        return
    block = Block(**document)
    for key, known in (("type", TYPES), ("precision", PRECISIONS), ("order", ORDERS)):
        if getattr(block, key) not in known:
            yield f".{key}: {getattr(block, key)!r} is none of {', '.join(map(str, known))}"
            return
    for key in ("bfloat16", "collate", "ignored"):
        if not isinstance(getattr(block, key), bool):
            yield f".{key}: {getattr(block, key)!r} is neither true nor false"
    if not block.ignored and not (isinstance(block.name, str) and block.name):
        yield ".name: missing; a block needs a name, or `ignored: true`"
    voxels = block.resolution if isinstance(block.resolution, (list, tuple)) else [block.resolution]
    if not _is_whole(block.size):
        yield f".size: {block.size!r} is no whole number of at least 1"
    if block.resolution is not None and not (len(voxels) == 3 and all(map(_is_whole, voxels))):
        yield f".resolution: {block.resolution!r} must be three whole numbers, the voxels along x, y and z"
    if block.rows is not None and not (_is_whole(block.rows) or block.rows == 0):
        yield f".rows: {block.rows!r} is no whole number"
    if block.type == "float" and block.precision == 8:
        yield ".precision: there are no floats of 8 bits; set 16, 32 or 64, or another type"
    if block.bfloat16 and (block.type, block.precision) != ("float", 16):
        yield ".bfloat16: goes with type float and precision 16 alone"


def _is_whole(number):
    return type(number) is int and 0 < number <= LARGEST


def groups_of(blocks):
    """Return the blocks in lists: each holds a block, and those that are collated with it."""
    groups = []
    for block in blocks:
        if block.collate:
            groups[-1].append(block)
        else:
            groups.append([block])
    return groups


def rows_in(path, size, blocks, header=0):
    """Return how many rows a file of *size* bytes has, of the blocks that do not state it; 0 if all of them do.

    Raises
    ------
    UserError
        If the file ends within a row.
    """
    stated = header + sum(block.rows * block.row_bytes for block in blocks if block.rows is not None)
    row = sum(block.row_bytes for block in blocks if block.rows is None)
    after = f" after the first {stated}" if stated else ""
    if size < stated or (not row and size != stated):
        raise UserError(f"{path} has {size} bytes, its blocks {stated}; check their sizes, types and precisions")
    if row and (size - stated) % row:
        raise UserError(
            f"{path}: its {size - stated} bytes{after} are no multiple of the {row} bytes of a row; check the header, "
            "and each block's size, type and precision"
        )
    return (size - stated) // row if row else 0
