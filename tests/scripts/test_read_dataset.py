"""A file of examples becomes the dataset: tables by their columns, headerless files by their layout."""

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import read_dataset
import read_unseen
import take_test_split
from geokiln.storage.arrays import read_arrays
from geokiln.storage.results import read_result
from geokiln.storage.tables import Table

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(20, 3)), RANDOM.normal(size=20)
NO_LAYOUT = {"blocks": None, "byte_order": "little", "header": 0}
EXAMPLES = ["dataset/examples.raw", "dataset/examples.json"]


def flags(options):
    """The command line of a script: flag -> a text, or several."""
    listed = {key: [value] if isinstance(value, str) else value for key, value in options.items()}
    return [word for key, values in listed.items() for word in [f"--{key}", *values]]


def reading(source, inputs="*", targets="y", layout=NO_LAYOUT, **more):
    options = {"source": str(source), "inputs": inputs, "targets": targets, "layout": json.dumps(layout), **more}
    return flags({**options, "raw": EXAMPLES[0], "ids": "dataset/examples.ids", "sidecar": EXAMPLES[1]})


def reading_unseen(source, truth="yes", layout=NO_LAYOUT):
    options = {"source": str(source), "layout": json.dumps(layout), "dataset": EXAMPLES[1], "truth": truth}
    return flags({**options, "data-points": "unseen/later.npz", "report": "unseen/later.json"})


def columns(x=X, y=Y, **more):
    return {"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": y, **more}


def write(path, arrays):
    """Write a table with the libraries that users have; a headerless file has a row for each example."""
    if path.endswith(".npz"):
        np.savez(path, **arrays)
    elif path.endswith(".raw"):
        np.column_stack(list(arrays.values())).astype(">f8").tofile(path)
    else:
        rows = [",".join(arrays), *(",".join(map(str, row)) for row in zip(*arrays.values(), strict=True))]
        Path(path).write_text("\n".join([*rows, ""]))
    return path


ROWS = [{"name": "a", "precision": 64}, *({"name": n, "precision": 64, "collate": True} for n in "bcy")]
LAYOUTS = {"raw": {"blocks": ROWS, "byte_order": "big", "header": 0}}


@pytest.mark.parametrize("path", ["t.csv", "t.npz", "t.raw"])
def test_every_kind_of_file_gives_the_same_dataset(path, capsys):
    layout = LAYOUTS.get(path[2:], NO_LAYOUT)

    read_dataset.main(reading(write(path, columns()), "* ^b", "y", layout))

    table = Table(*EXAMPLES)
    assert [(one["name"], one["shape"]) for one in table.components] == [("input/a", []), ("input/c", []),
                                                                        ("target/y", [])]  # fmt: skip
    assert np.array_equal(table.read(), np.float32(np.column_stack([X[:, 0], X[:, 2], Y])))
    assert Path("dataset/examples.ids").read_text().split() == [str(number) for number in range(20)]
    assert read_result(EXAMPLES[1])["dropped"] == 0
    assert capsys.readouterr().out == "20 examples of 3 floats -> dataset/examples.raw\n"


def test_an_input_that_is_named_may_be_the_target():
    read_dataset.main(reading(write("t.csv", columns(z=Y)), "a z"))

    assert Table(*EXAMPLES).width == 3


def test_a_file_that_is_larger_than_a_block_of_memory_with_volumes_blockwise_is_read_to_its_end():
    volumes, count = RANDOM.integers(0, 255, (700, 4, 5, 6), np.uint8), 700
    wide = RANDOM.random((count, 9000)).astype("f4")  # 25 MB
    Path("t.raw").write_bytes(b"four" + volumes.tobytes() + wide.tobytes())
    blocks = [{"name": "voxels", "resolution": [6, 5, 4], "type": "unsigned", "precision": 8},
              {"name": "y", "size": 9000}]  # fmt: skip

    read_dataset.main(reading("t.raw", layout={"blocks": blocks, "byte_order": "little", "header": 4}))

    table = Table(*EXAMPLES)
    assert [one["shape"] for one in table.components] == [[4, 5, 6], [9000]]
    assert np.array_equal(table.read(), np.hstack([volumes.reshape(count, -1), wide]))


def test_columns_among_much_that_is_ignored_take_the_memory_of_a_block_of_rows():
    record = [("x", "<f4"), ("rest", "u1", 40_000_000), ("y", "<f4")]
    with open("t.raw", "wb") as file:  # of holes, but for the numbers
        for row in range(6):
            for place, value in ((0, row), (40_000_004, -row)):
                file.seek(row * np.dtype(record).itemsize + place)
                file.write(np.float32(value).tobytes())
    rest = {"ignored": True, "collate": True, "size": 40_000_000, "type": "unsigned", "precision": 8}
    blocks = [{"name": "x"}, rest, {"name": "y", "collate": True}]

    tracemalloc.start()
    read_dataset.main(reading("t.raw", layout={"blocks": blocks, "byte_order": "little", "header": 0}))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert Table(*EXAMPLES).read().tolist() == [[row, -row] for row in range(6)]
    assert peak < 130e6  # not 240


def test_rows_that_are_not_finite_are_refused_by_name_or_left_out_and_counted(failure):
    x = X.copy()
    x[3, 1], x[7, 2] = np.nan, 1e300
    path = write("t.csv", columns(x))

    message = failure(read_dataset.main, reading(path))
    nothing = Path("dataset").exists() and list(Path("dataset").iterdir())
    read_dataset.main(reading(path, invalid="drop"))

    assert message == (
        "read_dataset: t.csv: row 3 (from 0): 'b' is missing, or no finite number of float32; "
        "work_items.invalid: drop leaves such rows out"
    )
    assert not nothing
    assert (Table(*EXAMPLES).count, read_result(EXAMPLES[1])["dropped"]) == (18, 2)
    assert Path("dataset/examples.ids").read_text().split() == [str(n) for n in range(20) if n not in (3, 7)]


@pytest.mark.parametrize(
    ("path", "arrays", "options", "sentence"),
    [
        ("t.csv", columns(b=[*"0123456789", "red", *"1" * 9]), {}, "t.csv: column 'b' holds text: 'red' in row 10"),
        ("t.npz", columns(b=np.array(["red"] * 20)), {}, "t.npz: column 'b' holds text: 'red' in row 0"),
        ("t.npz", columns(b=np.zeros(19)), {}, "t.npz: each array needs a row for each example, all as many; a has 20"),
        ("t.npz", columns(b=np.float64(1)), {}, "t.npz: each array needs a row for each example"),
        ("t.npz", columns(b=np.array([None] * 20)), {}, "t.npz: 'b' holds Python objects"),
        ("t.csv", columns(), {"targets": "z"}, "t.csv: dataset.targets: there is no column 'z'; known: a, b, c, y"),
        ("t.csv", columns(), {"targets": "y ^y"}, "t.csv: dataset.targets: 'y ^y' chooses no column; there are: a, b"),
        ("t.csv", columns(), {"inputs": "a ^bee"}, "t.csv: dataset.inputs: there is no column 'bee'"),
        ("t.csv", columns(), {"inputs": "y"}, "t.csv: dataset.inputs: 'y' chooses no column; there are: a, b, c, y"),
        ("t.csv", columns(id=Y), {"targets": "id"}, "t.csv: dataset.targets: 'id' is the name of a column of the pred"),
        ("t.csv", columns(b=1e9 + Y), {}, "t.csv: input 'b' differs from item to item by about"),
        ("t.csv", columns(z=Y.round(6)), {}, "input 'z' is the target 'y', in every example: a model would only copy"),
        ("t.csv", columns(X[:0], Y[:0]), {}, "t.csv: there are no rows; each example needs one"),
        ("t.csv", columns(y=Y * np.nan), {"invalid": "drop"}, "t.csv: every row has a value that is missing or not"),
        ("t.csv", columns(), {"source-digest": "0" * 32}, "one of t.csv changed after this run was planned; nothing"),
        ("t.raw", columns(), {"layout": {**LAYOUTS["raw"], "header": 5}}, "t.raw: its 635 bytes after the first 5 are"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_told_in_a_sentence_and_nothing_is_made(path, arrays, options, sentence, failure):
    write(path, arrays)

    message = failure(read_dataset.main, reading(path, **options))

    assert message.startswith(f"read_dataset: {sentence}")
    assert not list(Path(".").glob("dataset/*"))


@pytest.mark.parametrize("truth", ["yes", "no"])
def test_unseen_inputs_have_the_datasets_columns_in_any_order(truth):
    read_dataset.main(reading(write("t.csv", columns()), "* ^b"))
    later = {"more": Y, "y": Y[:5], "c": X[:5, 2], "a": X[:5, 0]} | {"more": Y[:5]}

    read_unseen.main(reading_unseen(write("later.csv", later), truth))

    arrays = read_arrays("unseen/later.npz")
    expected = {"input/a": X[:5, 0], "input/c": X[:5, 2], **({"target/y": Y[:5]} if truth == "yes" else {})}
    assert arrays.pop("id").tolist() == list("01234")
    assert arrays.keys() == expected.keys() and all((arrays[n] == np.float32(a)).all() for n, a in expected.items())
    assert read_result("unseen/later.json")["items"] == 5


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"a": Y, "bee": Y, "y": Y}, "later.npz: input 'b' is missing; known: a, bee, y"),
        (columns(b=X), "later.npz: input 'b' has shape [3], in the dataset []"),
        (columns(b=np.where(np.arange(20) == 4, np.nan, Y)), "later.npz: row 4 (from 0): 'b' is missing, or"),
        (columns(b=np.array(["red"] * 20)), "later.npz: column 'b' holds text: 'red' in row 0"),
    ],
    ids=["missing", "shape", "nan", "text"],
)
def test_unseen_inputs_that_do_not_fit_are_told(arrays, sentence, failure):
    read_dataset.main(reading(write("t.csv", columns())))

    message = failure(read_unseen.main, reading_unseen(write("later.npz", arrays)))

    assert message.startswith(f"read_unseen: {sentence}") and not Path("unseen/later.npz").exists()


def test_the_test_split_is_what_preprocessing_holds_out_and_says_which_rows_it_is(failure):
    import preprocess

    read_dataset.main(reading(write("t.csv", columns())))
    split = {"validation_share": 0.2, "test_share": 0.25, "split_seed": 3}
    settings = {**split, "standardise_inputs": True, "target_components": 1, "target_weights": {}}
    files = {"raw": EXAMPLES[0], "sidecar": EXAMPLES[1], "ids": "dataset/examples.ids"}
    halves = {name: [f"base/{name}.raw", f"base/{name}.json"] for name in ("training", "validation")}
    preprocess.main(flags({**files, "environment": "t-1", "settings": json.dumps(settings), **halves,
                           "basis": "base/basis.npz"}))  # fmt: skip
    taking = {"examples": EXAMPLES, "ids": "dataset/examples.ids", "truth": "yes",
              "data-points": "unseen/test.npz", "report": "unseen/test.json"}  # fmt: skip

    take_test_split.main(flags({**taking, "split": json.dumps(split)}))

    arrays, test = read_arrays("unseen/test.npz"), np.flatnonzero(read_arrays("base/basis.npz")["test"])
    assert 0 < len(test) < 10 and arrays["row"].tolist() == test.tolist() == arrays["id"].astype(int).tolist()
    assert (arrays["input/b"] == np.float32(X[test, 1])).all() and (arrays["target/y"] == np.float32(Y[test])).all()
    none = json.dumps({**split, "test_share": 0.0})
    assert "20 examples are too few for a test split" in failure(take_test_split.main, flags({**taking, "split": none}))
