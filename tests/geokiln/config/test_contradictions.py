import pytest

from geokiln.config.contradictions import contradictions_of_wedges


@pytest.mark.parametrize(
    ("rungs", "changes", "sentence"),
    [
        ([], {}, None),
        ([10, 20], {}, None),
        ([10, 40], {}, "selection.rungs: a wedge has only 40 epochs; rungs must be fewer"),
        ([15], {}, "selection.rungs: 15 is no multiple of training.epochs_per_evaluation (10)"),
        ([40], {"model": "linear"}, None),
        (
            [],
            {"model": "kernel", "initial_weights": "w.safetensors"},
            "training.initial_weights: model kernel does not",
        ),
        ([], {"patience": 3, "validation_share": 0.01}, None),
        ([], {"validation_share": 0.5, "test_share": 0.5}, "preprocess: validation_share and test_share leave nothing"),
    ],
    ids=str,
)
def test_settings_of_a_wedge_that_contradict_each_other_are_told_once(rungs, changes, sentence, wedge):
    shares = {"validation_share": 0.0, "test_share": 0.0}
    settings = {**shares, **wedge(epochs=40, epochs_per_evaluation=10), **changes}

    told = list(contradictions_of_wedges([settings, settings], rungs))

    assert told == [] if sentence is None else [line.startswith(sentence) for line in told] == [True]
