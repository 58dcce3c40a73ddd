import re
from pathlib import Path

import pytest
import yaml

from geokiln.config.reading import read_yaml
from geokiln.config.schema_mistakes import violations
from geokiln.config.wedge_mistakes import wedge_mistakes
from geokiln.wedges.expansion import expand_wedges

CHECKOUT = Path(__file__).parents[3]
SCHEMA = read_yaml(CHECKOUT / "schemas/config.schema.yaml")
SHIPPED = read_yaml(CHECKOUT / "config.yaml")
DOCUMENTED = re.findall(r"^```yaml\n(.*?)^```", (CHECKOUT / "docs/wedges.md").read_text(), re.M | re.S)


def mistakes(text):
    """The mistakes of a config with these wedges (YAML), one a line."""
    wedges = yaml.safe_load(text)
    return sorted({*violations({**SHIPPED, "wedges": wedges}, SCHEMA), *wedge_mistakes(wedges, SCHEMA)})


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "[{count: 8, seed: 3, learning_rate: {range: [0.1, 0.2], spacing: log}, sampling: latin_hypercube}]",
        "[{count: 8, seed: 3, learning_rate: {range: [0.1, 0.2], spacing: random}}]",
        "[{count: 3, seed: 1, hidden_width: {bracket: [96, 32]}, sampling: random}]",
        "[{count: 2, seed: 1, activation: {values: [tanh, relu, silu], random: true}}]",
        "[{activation: {values: [tanh, relu, silu]}}]",
        "[{count: 3, activation: [tanh, relu]}, {count: 100000, hidden_width: {bracket: [96, 32]}}]",
        "[{seed: [0, 1]}, {seed: 5}, {count: 2, seed: {range: [0, 9]}}]",
        "[{hidden_widths: [[64, 32], null]}, {gradient_clip: null}, {shuffle: false}]",
        "[{extra: [{}, {seed: 1}]}, {extra: {}}]",
        "[{script: wedges.py}]",
    ],
)
def test_good_nodes_have_no_mistakes(text):
    assert mistakes(text) == []


@pytest.mark.parametrize(
    ("node", "sentence"),
    [
        ("{}", ": is empty; at least one is needed"),
        ("{hiden_layers: [1]}", ".hiden_layers: unknown hyperparameter; did you mean hidden_layers?"),
        ("{count: 2, hiden_layers: {range: [1, 2]}}",
         ".hiden_layers: unknown hyperparameter; did you mean hidden_layers?"),
        ("{initial_weights: [a]}", ".initial_weights: is the same for all wedges; set training.initial_weights"),
        ("{hidden_layers: []}", ".hidden_layers: is empty; at least one value is needed"),
        ("{activation: rely}", ".activation: 'rely' is unknown; did you mean relu?"),
        ("{count: 2, rho: {range: [0.0, 1.0e+301]}}", ".rho.range: [0.0, 1e+301] is too far apart to be sampled"),
        ("{count: 2, hidden_width: {range: [1.0, 8]}}", ".hidden_width: 1.0 is not an integer (write 1)"),
        ("{count: 2, hidden_width: {bracket: [8, 8]}}", ".hidden_width: 0 is too small; at least 1"),
        ("{count: 2, hidden_width: {bracket: [8, -1]}}",
         ".hidden_width.bracket: the offset -1 is negative; it must be at least 0"),
        ("{count: 2, weight_decay: {range: [0, 1]}}",
         ".weight_decay.range: of whole numbers, all values would be whole; write 0.0"),
        ("{count: 2, weight_decay: {range: [0.0, 0.1], spacing: log}}",
         ".weight_decay.range: log spacing needs ends above 0, not [0.0, 0.1]"),
        ("{count: 2, dropout: {range: [0, 0.2], spacin: log}}", ".dropout.spacin: unknown key; did you mean spacing?"),
        ("{count: 2, dropout: {bracket: [0.1, 0.01], spacing: log}}",
         ".dropout.spacing: belongs to range, not to bracket"),
        ("{count: 2, dropout: {range: [0.1, 0.2], random: true}}", ".dropout.random: belongs to values, not to range"),
        ("{count: 2, dropout: {spacing: log}}", ".dropout: takes one of range, bracket, values; it has none"),
        ("{count: 2, dropout: {range: [0.1, 0.2], values: [0.1]}}",
         ".dropout: takes one of range, bracket, values; it has range and values"),
        ("{dropout: {range: [0.1, 0.2]}}", ".count: missing; how many values of dropout to take"),
        ("{activation: {values: [tanh], random: true}}", ".count: missing; how many values of activation to take"),
        ("{count: 3}", ": names no hyperparameter; write {hidden_layers: [1, 2]}"),
        ("{count: 3, epochs: 5}", ".count: nothing here varies; {repeats: 3} repeats wedges over seeds"),
        ("{count: 3, seed: 5, epochs: [1, 2]}", ".seed: nothing here is drawn; seed: [5] is the training's"),
        ("{count: 3, seed: -1, sampling: random, dropout: {range: [0.0, 0.1]}}", ".seed: -1 is too small; at least 0"),
        ("{sampling: sobol, epochs: [1, 2]}",
         ".sampling: is of ranges and brackets, and there is none; {values: [...], random: true} draws"),
        ("{count: 2, sampling: sobol, dropout: {range: [0.0, 0.1], spacing: random}}",
         ".dropout.spacing: random contradicts sampling: sobol; take even or log"),
        ("{skip: hidden_layer == 1}", ".skip: hidden_layer is no hyperparameter; did you mean hidden_layers?"),
        ("{extra: {hidden_layers: [4]}}", ".extra.hidden_layers: [4] is not an integer"),
        ("{extra: [{}, {epohcs: 4}]}", ".extra[1].epohcs: unknown hyperparameter; did you mean epochs?"),
        ("{repeats: 2, epochs: [1]}", ": repeats stands alone in its node; give epochs another one"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_node_is_told_with_its_place_and_what_would_be_right(node, sentence):
    assert mistakes(f"[{node}]") == [f"wedges[0]{sentence}"]


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("count", "belongs to a node; write wedges as a list of nodes: [{count: ...}]"),
        ("script", "is the same for all wedges; set training.script"),
    ],
)
def test_a_key_of_a_node_is_told_apart_in_the_short_form(key, sentence):
    assert mistakes(f"{{{key}: [5]}}") == [f"wedges.{key}: {sentence}"]


def test_mistakes_of_several_nodes_are_told_at_once():
    result = mistakes("[{hiden_layers: [1]}, {epochs: [0, 5]}, {skip: x > 1}, {repeats: 0}]")

    places = ["wedges[0].hiden_layers", "wedges[1].epochs", "wedges[2].skip", "wedges[3].repeats"]
    assert [line.split(":")[0] for line in result] == places


@pytest.mark.parametrize("text", DOCUMENTED)
def test_the_examples_of_the_docs_are_good_and_make_wedges(text):
    assert mistakes(yaml.safe_dump(yaml.safe_load(text)["wedges"])) == []
    assert len(expand_wedges(yaml.safe_load(text)["wedges"], SHIPPED["training"])) > 1


def test_the_docs_have_examples_and_the_counts_that_they_say():
    nodes = yaml.safe_load(DOCUMENTED[1])["wedges"]

    counts = [len(expand_wedges(nodes[:number], SHIPPED["training"])) for number in range(1, 6)]

    assert len(DOCUMENTED) == 4
    assert counts == [3, 15, 14, 15, 60]
