import os

import pytest

from geokiln.planning.stale_results import lost, tell

FILES = ["geometry/poses.geo", "batches/0-3.npz", "model.onnx", "predictions/all.npz"]


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (FILES, []),
        ([], []),
        (FILES[:2], []),
        (FILES[2:], FILES[:2]),
        (FILES[1:2], FILES[:1]),
        ([FILES[0], FILES[3]], FILES[1:3]),
    ],
)
def test_what_is_missing_before_a_file_that_is_there_is_lost(there, expected, write):
    for path in there:
        write(path, "x")

    assert lost(FILES) == expected


def test_of_many_files_three_are_named(capsys):
    tell("Missing", FILES)
    tell("Stale", [])

    assert capsys.readouterr().err == f"Missing: {', '.join(FILES[:3])} and 1 more{os.linesep}"
