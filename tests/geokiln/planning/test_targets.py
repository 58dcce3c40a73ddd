import pytest

from geokiln.errors import UserError
from geokiln.planning.targets import check_actions, check_targets

NAMES = ["model.onnx", "predictions/all.npz", "predictions/film.npz", "wedges/seed-1/model.onnx", "batches/0-7.npz"]


def check(arguments, targets=None):
    """Check a command line whose targets are *targets*: None for one that no parser need be asked about."""
    check_targets(arguments, lambda word: word in [*NAMES, "all"], lambda arguments: list(targets), lambda: NAMES)


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("prediction/all.npz", "there is no such target; did you mean predictions/all.npz?"),
        ("predictions/flim.npz", "there is no such target; did you mean predictions/film.npz?"),
        ("wedges/seed-2/model.onnx", "there is no such target; did you mean wedges/seed-1/model.onnx?"),
        ("predictions", "there is no such target; did you mean predictions/all.npz?"),
        ("pond/model.onnx", "targets are relative to the project; write model.onnx"),
        ("/a/b/wedges/seed-1/model.onnx", "targets are relative to the project; write wedges/seed-1/model.onnx"),
        ("/elsewhere", "there is no such target; targets are relative to the project, such as predictions/all.npz, m"),
    ],
)
def test_a_target_that_no_rule_makes_is_told_with_what_would_be_right(target, sentence):
    with pytest.raises(UserError) as error:
        check(["-n", target, "model.onnx"], [target, "model.onnx"])

    assert str(error.value).startswith(f"{target}: {sentence}") and "\n" not in str(error.value)


def test_values_of_flags_are_no_targets_and_what_is_made_asks_no_parser():
    check(["-n", "-c", "2", "--directory", "pond", "--config", "a=b", "--", "model.onnx", "all"])
    check(["--until", "cook_batch", "model.onnx"], ["model.onnx"])


@pytest.mark.parametrize("action", ["accept", "recook", "check_cooked"])
def test_actions_on_cooked_items_are_refused_where_nothing_is_cooked(action):
    check_actions(["-n", "model.onnx"], "t.csv")

    with pytest.raises(UserError) as error:
        check_actions(["-n", action], "t.csv")
    assert str(error.value) == f"{action}: nothing is cooked here; dataset.source is t.csv"
