import pytest

from geokiln.raw.blocks import Block, block_mistakes, rows_in

X = {"name": "x"}


@pytest.mark.parametrize(
    ("blocks", "sentences"),
    [
        ([X, {"ignored": True, "size": 3}, {"name": "y", "precision": 8, "type": "integer", "collate": True}], []),
        ([{"name": "v", "resolution": [4, 3, 2], "order": "xyz", "size": 2}], []),
        ([], [": there is no block; a list of them says what stands in the file"]),
        ([X, X], [": two blocks are called 'x'; rename one"]),
        ([X, {"ignored": True, "name": "x"}], []),
        (["x", {"size": 1}], ["[0]: a block is a set of keys: name, size, type, precision ...",
                              "[1].name: missing; a block needs a name, or `ignored: true`"]),
        ([{**X, "tuple": 3}], ["[0].tuple: unknown key; did you mean"]),
        ([{**X, "type": "double"}], ["[0].type: 'double' is none of float, integer, unsigned"]),
        ([{**X, "precision": 24}], ["[0].precision: 24 is none of 8, 16, 32, 64"]),
        ([{**X, "precision": 8}], ["[0].precision: there are no floats of 8 bits"]),
        ([{**X, "bfloat16": True}], ["[0].bfloat16: goes with type float and precision 16 alone"]),
        ([{**X, "collate": 1}], ["[0].collate: 1 is neither true nor false"]),
        ([{**X, "collate": True}], ["[0].collate: there is no block before the first one"]),
        ([{**X, "rows": 2}, {"name": "y", "rows": 3, "collate": True}], ["[1].collate: it has not as many rows"]),
        ([{**X, "size": 0}, {"name": "y", "size": 2.0}], ["[0].size: 0 is no whole", "[1].size: 2.0 is no whole"]),
        ([{**X, "resolution": [4, 3]}], ["[0].resolution: [4, 3] must be three whole numbers"]),
        ([{**X, "resolution": 4}], ["[0].resolution: 4 must be three whole numbers"]),
        ([{**X, "rows": -1}], ["[0].rows: -1 is no whole number"]),
        ([{"ignored": True}], [": all blocks are ignored; at least one must be read"]),
    ],
    ids=str,
)  # fmt: skip
def test_each_mistake_in_a_list_of_blocks_is_told_with_its_place(blocks, sentences):
    told = list(block_mistakes(blocks))

    assert len(told) == len(sentences)
    for line, sentence in zip(told, sentences, strict=True):
        assert line.startswith(sentence)


@pytest.mark.parametrize(
    ("size", "header", "rows", "result"),
    [
        (0, 0, None, 0),
        (48, 0, None, 4),
        (51, 3, None, 4),
        (50, 3, None, "a.raw: its 47 bytes after the first 3 are no multiple of the 12 bytes of a row; check the"),
        (2, 3, None, "a.raw has 2 bytes, its blocks 3; check their sizes"),
        (48, 0, 4, 0),
        (49, 0, 4, "a.raw has 49 bytes, its blocks 48; check their sizes"),
    ],
)
def test_the_size_of_a_file_tells_its_rows(size, header, rows, result, told):
    blocks = [Block("x", 2, rows=rows), Block("k", type="integer", rows=rows)]

    assert str(told(rows_in, "a.raw", size, blocks, header)).startswith(str(result))
