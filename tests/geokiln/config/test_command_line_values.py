"""What --config, --configfile and a profile say, typed as config.yaml is."""

from pathlib import Path

import pytest

from geokiln.config.command_line_values import command_line_values
from geokiln.errors import UserError

CHECKOUT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("training={epochs: 5, learning_rate: 1e-3}", {"epochs": 5, "learning_rate": 0.001}),
        ("training={'epochs': 5, 'shuffle': True, 'patience': None}", {"epochs": 5, "shuffle": True, "patience": None}),
        ("training={'learning_rate': '1e-3'}", {"learning_rate": 0.001}),  # a profile's
        ("training={'script': 'a\\\\b.py'}", {"script": "a\\b.py"}),  # a profile's, too
        ("training={script: None}", {"script": None}),
        ("generator={parameters: {gain: 3, name: '3', 'x': \"4\", y: [1.5, no]}}",
         {"parameters": {"gain": 3, "name": "3", "x": "4", "y": [1.5, False]}}),
        ("generator={'parameters': {'gain': '3', 'limit': -1}}", {"parameters": {"gain": "3", "limit": -1}}),
        ("generator={command: {words: [ls, 7], exit_codes: {75: retry}}}",
         {"command": {"words": ["ls", "7"], "exit_codes": {"75": "retry"}}}),
        ("geometry={name: 2024, source: 7, count: 3}", {"name": "2024", "source": 7, "count": 3}),
        ("work_items={group: null, id_attribute: on, constants: {k: 1e4}}",
         {"group": None, "id_attribute": "on", "constants": {"k": 10000.0}}),
        ("wedges={hidden_layers: [1, 2], activation: [tanh]}", {"hidden_layers": [1, 2], "activation": ["tanh"]}),
        ("unseen={2024: {source: a.geo, ground_truth: true}}", {"2024": {"source": "a.geo", "ground_truth": True}}),
        ("training=\"{epochs: 5}\"", {"epochs": 5}),  # quotes that a shell left
        ("training=5", 5),
        ("training=", None),
    ],
    ids=str,
)  # fmt: skip
def test_an_entry_has_the_numbers_of_yaml_and_texts_where_the_schema_wants_them(entry, value):
    result = command_line_values([], [entry], CHECKOUT)

    assert repr(result) == repr({entry.split("=")[0]: value})


def test_files_come_in_their_order_then_entries_laid_over_section_by_section(write):
    write("a.yaml", "training: {epochs: 1e1, seed: 1}\nunseen: {a: {count: 1}}")
    write("b.json", '{"training": {"seed": 2, "patience": 1}}')

    result = command_line_values(
        [Path("a.yaml").absolute(), "b.json"], ["training={patience: 3}", "unseen={b: {count: 2}}"], CHECKOUT
    )

    assert result == {
        "training": {"epochs": 10.0, "seed": 2, "patience": 3},
        "unseen": {"a": {"count": 1}, "b": {"count": 2}},
    }


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        (["training={epochs: 5, epochs: 6}"], "--config training=..., line 1: epochs stands twice, first in line 1"),
        (["training={epochs: 5"], "--config training=..., line 1: did not find expected ',' or '}'"),
        ([], "short.yaml, line 2: training stands twice, first in line 1"),
    ],
)
def test_a_mistake_is_told_with_where_it_was_said(entries, sentence, write):
    write("short.yaml", "training: {}\ntraining: {}" if not entries else "")

    with pytest.raises(UserError) as error:
        command_line_values(["short.yaml"], entries, CHECKOUT)

    assert str(error.value) == sentence
