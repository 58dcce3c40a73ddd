from pathlib import Path

import pytest

from geokiln.config.contradictions import contradictions, contradictions_of_wedges
from geokiln.config.reading import read_yaml

SHIPPED = Path(__file__).parents[3] / "config.yaml"


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


@pytest.mark.parametrize(
    ("words", "outputs", "told"),
    [
        (["solve", "{items}", "--to={results}", "{folder}"], [], []),  # targets may stand in the results
        (["solve", "{item}", "{folder}", "{id}"], ["a.npy"], []),
        (["solve", "{item}"], [], ["generator.command.outputs: name the files"]),
        (["solve", "{items}"], [], ["generator.command.words: {items} and {results} go together"]),
        (["solve", "{results}"], ["a.npy"], ["generator.command.words: {items} and {results} go together"]),
        (
            ["solve", "{items}", "{results}", "{item}", "{id}", "{geometry}"],
            [],
            [
                f"generator.command.words: {place} does not go with {{items}}"
                for place in ("{item}", "{id}", "{geometry}")
            ],
        ),
        (["solve", "{geometry}"], ["a.npy"], ["generator.command.words: {geometry} needs items that bring it"]),
    ],
    ids=str,
)
def test_places_in_the_words_of_a_command_that_do_not_go_together_are_told(words, outputs, told):
    config = read_yaml(SHIPPED)
    config["generator"]["command"].update(words=words, outputs=outputs)

    sentences = list(contradictions(config))

    assert len(sentences) == len(told) and all(map(str.startswith, sentences, told))
