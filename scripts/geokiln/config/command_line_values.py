"""What ``--config`` and ``--configfile`` say, read as config.yaml is.

Snakemake reads a config file as YAML 1.1 and takes all nested values of ``--config`` for texts. So both are read again.
"""

import ast
import contextlib
import os
import re
import warnings

from geokiln.config.reading import read_yaml
from geokiln.config.yaml_values import TAG, Loader, TextLoader, parse_yaml

EXPONENT = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+")


class CommandLineLoader(Loader):
    """Knows Python's words beside YAML's: Snakemake's help has nested values "in Python dict format"."""


CommandLineLoader.add_implicit_resolver(TAG + "null", re.compile("None$"), ["N"])
CommandLineLoader.add_implicit_resolver(TAG + "float", re.compile("-?(?:inf|nan)$"), list("-in"))


def command_line_values(files, entries, checkout):
    """Return what is laid over a project's config: config files in their order, then values.

    Parameters
    ----------
    files : list of path
        From ``--configfile``.
    entries : list of str
        ``KEY=VALUE``, from ``--config`` or the ``config:`` of a profile.
    checkout : path
        Where the schema is, which says what must be a text: ``--config 'geometry={name: 2024}'``.
    """
    values = {}
    for file in files:
        _lay_over(values, read_yaml(os.path.relpath(file)))
    schema = read_yaml(os.path.join(checkout, "schemas/config.schema.yaml")) if entries else {}
    for entry in entries or ():
        key, text = entry.split("=", 1)
        text = text.strip("'\"")  # as Snakemake does
        _lay_over(values, {key: _value(text, f"--config {key}=...", schema.get("properties", {}).get(key, {}))})
    return values


def _value(text, where, schema):
    with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on odd escapes in a text that is none of Python's
        value = ast.literal_eval(text)  # literals alone: it runs nothing
        if repr(value) == text:  # as Snakemake hands on what it read in a profile
            return _as_wanted(_exponents_read(value), value, schema)
    return _as_wanted(parse_yaml(text, where, CommandLineLoader), parse_yaml(text, where, TextLoader), schema)


def _exponents_read(value):
    """Return a value of a profile with its numbers like 1e-3, which Snakemake's YAML 1.1 takes for texts."""
    if isinstance(value, dict):
        return {key: _exponents_read(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_exponents_read(one) for one in value]
    return float(value) if isinstance(value, str) and EXPONENT.fullmatch(value) else value


def _as_wanted(value, text, schema):
    """Return a value in which keys, and what the schema wants as a text, are what is written in *text*."""
    if isinstance(value, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties") or {}
        pairs = zip(value.values(), text.items())
        return {str(key): _as_wanted(one, written, known.get(str(key), others)) for one, (key, written) in pairs}
    if isinstance(value, list):
        items = schema.get("items", {})
        return [_as_wanted(one, written, items) for one, written in zip(value, text)]
    wanted = schema.get("type", ())
    only_text = set([wanted] if isinstance(wanted, str) else wanted) in ({"string"}, {"string", "null"})
    return str(text) if only_text and value is not None else value


def _lay_over(values, over):
    """Lay values over others, as Snakemake does: section by section, however deep."""
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            _lay_over(values[key], value)
        else:
            values[key] = value
