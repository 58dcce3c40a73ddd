"""What YAML means here, where its versions and its readers differ, and what is refused."""

import math

import pytest

from geokiln.config.yaml_values import parse_yaml
from geokiln.errors import UserError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("1e-3", 0.001), ("1e2", 100.0), ("1.e3", 1000.0), (".5e1", 5.0), ("-.5", -0.5), ("12E03", 12000.0)],
        *[("1_000", 1000), ("0x1F", 31), ("0b11", 3), ("0o17", 15), ("+5", 5), ("-0", 0), ("1.", 1.0), ("0.50", 0.5)],
        *[("yes", True), ("off", False), ("True", True), ("~", None), ("", None)],
        *[("1e", "1e"), ("e3", "e3"), ("1.2.3", "1.2.3"), ("=", "="), ("nan", "nan"), ("2024-01-31", "2024-01-31")],
        *[("01:30", "01:30"), ("1920:1080", "1920:1080"), ("'1e3'", "1e3"), ("!!str 010", "010"), ("!!float 3", 3.0)],
    ],
)
def test_a_plain_value_is_what_yaml_1_2_has_where_1_1_has_no_other_number(text, value):
    read = parse_yaml(f"a: {text}", "config.yaml")["a"]

    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "NaN", "-Infinity", "1e400"])
def test_numbers_that_are_not_finite_are_numbers_so_that_they_can_be_refused(text):
    assert not math.isfinite(parse_yaml(f"a: {text}", "config.yaml")["a"])


def test_aliases_and_merged_keys_are_kept_and_may_be_overridden():
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\nc: {<<: [*a, {z: 4}], y: *a}"

    read = parse_yaml(text, "config.yaml")

    assert read["b"] == {"x": 3, "y": 2}
    assert read["c"] == {"x": 1, "y": {"x": 1, "y": 2}, "z": 4}


TOO_DEEP = "more than 100 lists and sections within each other"
LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))
MERGED = "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 9))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\n\tb: 2", ", line 2: a tab stands where YAML takes spaces alone"),
        ("a: 1\n---\nb: 2", ", line 2: found another document"),
        ("a: *b", ", line 1: found undefined alias"),
        ("a: \x00", ": unacceptable character #x0000: control characters are not allowed"),
        ("? [a]\n: b", ", line 1: found unhashable key"),
        ("a: !!set {x}", ", line 1: could not determine a constructor for the tag 'tag:yaml.org,2002:set'"),
        ("\na: !!bool maybe", ", line 2: 'maybe' is no boolean"),
        ("a: " + "9" * 5000, f", line 1: '{'9' * 40}' is no number that fits"),
        ("a: &a {b: [*a]}", ", line 1: a.b[0] holds itself by an alias"),
        ("[" * 100_000, ", line 1: exceeded maximum nesting depth"),
        ("- " * 100_000, f": {TOO_DEEP}"),
        (LAUGHS, ": has more than 1000000 values, with all aliases written out"),
        (MERGED, ": has more than 1000000 values, with all aliases written out"),
        ("a" * 8_000_001, ": has more than 8 MB; keep tables in files of generator.inputs"),
    ],
    ids=lambda text: text[:20],
)
def test_what_cannot_be_read_or_would_not_fit_ends_in_a_sentence(text, sentence):
    with pytest.raises(UserError) as error:
        parse_yaml(text, "config.yaml")

    assert str(error.value) == f"config.yaml{sentence}"


def test_keys_that_stand_twice_and_numbers_that_readers_differ_on_are_told_together():
    text = "a: {b: 1}\nc: [{d: 1, d: 2}]\na:\n  e: 010\nf: [08, 16:9, 1:30.5]"

    with pytest.raises(UserError) as error:
        parse_yaml(text, "config.yaml")

    lines = [line.split(";")[0].split(" is one number")[0] for line in str(error.value).splitlines()]
    assert lines == [
        "config.yaml, line 3: a stands twice, first in line 1",
        "config.yaml, line 2: c[0].d stands twice, first in line 2",
        "config.yaml, line 4: a.e: 010",
        "config.yaml, line 5: f[0]: 08",
        "config.yaml, line 5: f[1]: 16:9",
        "config.yaml, line 5: f[2]: 1:30.5",
    ]
