import re
from pathlib import Path

import pytest
import yaml

from geokiln.config.reading import check_config, read_yaml
from geokiln.errors import UserError
from geokiln.wedges.expansion import expand_wedges
from geokiln.wedges.nodes import expand_node

CHECKOUT = Path(__file__).parents[3]
SCHEMA = read_yaml(CHECKOUT / "schemas/config.schema.yaml")
SHIPPED = read_yaml(CHECKOUT / "config.yaml")
DOCUMENTED = re.findall(r"^```yaml\n(.*?)^```", (CHECKOUT / "docs/wedges.md").read_text(), re.M | re.S)


def mistakes(text):
    """The mistakes of a config with these wedges (YAML), one a line."""
    try:
        check_config({**SHIPPED, "wedges": yaml.safe_load(text)}, SCHEMA)
    except UserError as error:
        return [line.strip() for line in str(error).splitlines()[1:]]
    return []


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "[{hidden_layers: [1, 2, 3]}]",
        "[{hidden_layers: [1, 2, 3], activation: [tanh, relu], epochs: 200}]",
        "[{count: 5, learning_rate: {range: [0.0001, 0.01], spacing: log}}]",
        "[{count: 8, seed: 3, learning_rate: {range: [0.1, 0.2]}, dropout: {range: [0.0, 0.5]}, sampling: sobol}]",
        "[{count: 8, seed: 3, learning_rate: {range: [0.1, 0.2], spacing: log}, sampling: latin_hypercube}]",
        "[{count: 8, seed: 3, learning_rate: {range: [0.1, 0.2], spacing: random}}]",
        "[{count: 3, hidden_width: {bracket: [96, 32]}}]",
        "[{count: 3, seed: 1, hidden_width: {bracket: [96, 32]}, sampling: random}]",
        "[{activation: {values: [tanh, relu, silu], random: true}, count: 2, seed: 1}]",
        "[{activation: {values: [tanh, relu, silu]}}]",
        "[{count: 3, activation: [tanh, relu]}]",
        "[{seed: [0, 1]}, {seed: 5}, {count: 2, seed: {range: [0, 9]}}]",
        "[{epochs: 200}, {gradient_clip: null}, {shuffle: false}]",
        "[{hidden_widths: [[64, 32], null]}]",
        '[{skip: "hidden_layers == 1 and hidden_width > 128"}]',
        "[{extra: {hidden_layers: 4, betas: [0.9, 0.99]}}, {extra: {}}, {extra: [{}, {seed: 1}]}]",
        "[{repeats: 4}]",
        "[{script: wedges.py}]",
        "[{count: 100000, learning_rate: {range: [0.1, 0.2]}}]",
    ],
)
def test_good_nodes_have_no_mistakes(text):
    assert mistakes(text) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[3]", "wedges[0]: 3 is not a section of keys"),
        ("[{}]", "wedges[0]: is empty; at least one is needed"),
        ("[{epochs: 1}, {hiden_layers: [1]}]",
         "wedges[1].hiden_layers: unknown hyperparameter; did you mean hidden_layers?"),
        ("[{count: 2, hiden_layers: {range: [1, 2]}}]",
         "wedges[0].hiden_layers: unknown hyperparameter; did you mean hidden_layers?"),
        ("[{hidden_layers: [1, 65]}]", "wedges[0].hidden_layers: 65 is too large; at most 64"),
        ("[{hidden_layers: 65}]", "wedges[0].hidden_layers: 65 is too large; at most 64"),
        ("[{hidden_layers: []}]", "wedges[0].hidden_layers: is empty; at least one value is needed"),
        ("[{activation: rely}]", "wedges[0].activation: 'rely' is unknown; did you mean relu?"),
        ("[{activation: {values: [tanh, rely]}}]", "wedges[0].activation: 'rely' is unknown; did you mean relu?"),
        ("[{activation: {values: []}}]", "wedges[0].activation.values: is empty; at least one is needed"),
        ("[{learning_rate: [1e-4]}]",
         "wedges[0].learning_rate: '1e-4' is not a number (YAML reads a number only with a dot and a sign: 1.0e-04)"),
        ("[{count: 2, learning_rate: {range: [1e-4, 0.1]}}]",
         "wedges[0].learning_rate.range[0]: '1e-4' is not a number "
         "(YAML reads a number only with a dot and a sign: 1.0e-04)"),
        ("[{count: 2, dropout: {range: [0.1]}}]", "wedges[0].dropout.range: [0.1] has 1 values; it takes 2"),
        ("[{count: 2, learning_rate: {range: 0.1}}]", "wedges[0].learning_rate.range: 0.1 is not a list"),
        ("[{count: 2, learning_rate: {range: [.nan, 1.0]}}]",
         "wedges[0].learning_rate.range: [nan, 1.0] must be two finite numbers"),
        ("[{count: 2, learning_rate: {bracket: [1.0, .inf]}}]",
         "wedges[0].learning_rate.bracket: [1.0, inf] must be two finite numbers"),
        ("[{count: 2, learning_rate: {range: [0.0, 0.1]}}]",
         "wedges[0].learning_rate: 0.0 is too small; it must be above 0"),
        ("[{count: 2, hidden_width: {range: [1.0, 8]}}]", "wedges[0].hidden_width: 1.0 is not an integer"),
        ("[{count: 2, hidden_width: {bracket: [8, 8]}}]", "wedges[0].hidden_width: 0 is too small; at least 1"),
        ("[{count: 2, hidden_width: {bracket: [8, -1]}}]",
         "wedges[0].hidden_width.bracket: the offset -1 is negative; it must be at least 0"),
        ("[{count: 2, weight_decay: {range: [0, 1]}}]",
         "wedges[0].weight_decay.range: of whole numbers, all values would be whole; write 0.0"),
        ("[{count: 2, weight_decay: {range: [0.0, 0.1], spacing: log}}]",
         "wedges[0].weight_decay.range: log spacing needs ends above 0, not [0.0, 0.1]"),
        ("[{count: 2, learning_rate: {range: [0.1, 1.0], spacing: lgo}}]",
         "wedges[0].learning_rate.spacing: 'lgo' is unknown; did you mean log?"),
        ("[{count: 2, learning_rate: {range: [0.1, 1.0], spacin: log}}]",
         "wedges[0].learning_rate.spacin: unknown key; did you mean spacing?"),
        ("[{count: 2, learning_rate: {bracket: [0.1, 0.01], spacing: log}}]",
         "wedges[0].learning_rate.spacing: belongs to range, not to bracket"),
        ("[{count: 2, learning_rate: {range: [0.1, 1.0], random: true}}]",
         "wedges[0].learning_rate.random: belongs to values, not to range"),
        ("[{count: 2, learning_rate: {spacing: log}}]",
         "wedges[0].learning_rate: takes one of range, bracket, values; it has none"),
        ("[{count: 2, learning_rate: {range: [0.1, 1.0], values: [1]}}]",
         "wedges[0].learning_rate: takes one of range, bracket, values; it has range and values"),
        ("[{dropout: {range: [0.1, 0.2]}}]", "wedges[0].count: missing; how many values of dropout to take"),
        ("[{activation: {values: [tanh], random: true}}]",
         "wedges[0].count: missing; how many values of activation to take"),
        ("[{count: 0, hidden_layers: [1]}]", "wedges[0].count: 0 is too small; at least 1"),
        ("[{count: 2.0, hidden_layers: [1]}]", "wedges[0].count: 2.0 is not an integer"),
        ("[{count: 100001, hidden_layers: [1]}]", "wedges[0].count: 100001 is too large; at most 100000"),
        ("[{count: 3}]", "wedges[0]: names no hyperparameter; write {hidden_layers: [1, 2]}"),
        ("[{count: 3, epochs: 5}]", "wedges[0].count: nothing here varies; {repeats: 3} repeats wedges over seeds"),
        ("[{count: 3, seed: 5, hidden_layers: [1, 2]}]",
         "wedges[0].seed: nothing here is drawn; seed: [5] is the training's"),
        ("[{count: 3, seed: -1, sampling: random, dropout: {range: [0.0, 0.1]}}]",
         "wedges[0].seed: -1 is too small; at least 0"),
        ("[{sampling: sobol, hidden_layers: [1, 2]}]",
         "wedges[0].sampling: is of ranges and brackets, and there is none; {values: [...], random: true} draws"),
        ("[{count: 2, sampling: sobl, dropout: {range: [0.0, 0.1]}}]",
         "wedges[0].sampling: 'sobl' is unknown; did you mean sobol?"),
        ("[{count: 2, sampling: sobol, dropout: {range: [0.0, 0.1], spacing: random}}]",
         "wedges[0].dropout.spacing: random contradicts sampling: sobol; take even or log"),
        ("[{initial_weights: [a]}]",
         "wedges[0].initial_weights: a file is the same for all wedges; it can read their settings"),
        ("[{skip: hidden_layer == 1}]",
         "wedges[0].skip: hidden_layer is no hyperparameter; did you mean hidden_layers?"),
        ("[{skip: 5}]", "wedges[0].skip: 5 is not a text"),
        ("[{extra: {hidden_layers: [4]}}]", "wedges[0].extra.hidden_layers: [4] is not an integer"),
        ("[{extra: [{}, {epohcs: 4}]}]", "wedges[0].extra[1].epohcs: unknown hyperparameter; did you mean epochs?"),
        ("[{extra: [5]}]", "wedges[0].extra[0]: 5 is not a section of keys"),
        ("[{extra: []}]", "wedges[0].extra: is empty; at least one is needed"),
        ("[{repeats: 0}]", "wedges[0].repeats: 0 is too small; at least 1"),
        ("[{repeats: 2, hidden_layers: [1]}]",
         "wedges[0]: repeats stands alone in its node; give hidden_layers another one"),
        ("[{script: 5}]", "wedges[0].script: 5 is not a text"),
        ("{count: [5], hidden_layers: [1]}",
         "wedges.count: belongs to a node; write wedges as a list of nodes: [{count: ...}]"),
        ("{script: [a.py]}", "wedges.script: a file is the same for all wedges; it can read their settings"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_node_is_told_with_its_place_and_what_would_be_right(text, sentence):
    assert mistakes(text) == [sentence]


def test_mistakes_of_several_nodes_are_told_at_once():
    result = mistakes("[{hiden_layers: [1]}, {epochs: [0, 5]}, {skip: x > 1}, {repeats: 0}]")

    assert [line.split(":")[0] for line in result] == [
        "wedges[0].hiden_layers", "wedges[1].epochs", "wedges[2].skip", "wedges[3].repeats",
    ]  # fmt: skip


@pytest.mark.parametrize("text", DOCUMENTED)
def test_the_examples_of_the_docs_are_good_and_make_wedges(text):
    wedges = yaml.safe_load(text)["wedges"]

    assert mistakes(yaml.safe_dump(wedges)) == []
    assert len(expand_wedges(wedges, SHIPPED["training"])) > 1


def test_the_docs_have_examples_and_the_counts_that_they_say():
    assert len(DOCUMENTED) == 4
    first, times, skip, extra, repeats = yaml.safe_load(DOCUMENTED[1])["wedges"]

    assert len(expand_node(first)) == 3
    assert len(expand_wedges([first, times])) == 15
    assert len(expand_wedges([first, times, skip], SHIPPED["training"])) == 14
    assert len(expand_wedges([first, times, skip, extra, repeats], SHIPPED["training"])) == 60
