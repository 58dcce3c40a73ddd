"""The config: laid over the shipped defaults, and checked whole before any job."""

import difflib
import os
import re

import jsonschema
import yaml

from geokiln.errors import UserError

OWN = {"generator": "file", "unseen": None}  # never inherited: a project states its own
# 8.0 is no integer here: it would be handed on as a float.
FILES = ("script", "initial_weights")  # keys of training that cannot be varied
VALIDATOR = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int),
)
REPLACED = ("unseen", "wedges")  # a project's section replaces the shipped one; other sections are laid over key by key


def complete_config(shipped, project, command_line):
    """Return the config: the shipped file, under the project's own file, under the command line's values.

    Parameters
    ----------
    shipped, project : path
        Two ``config.yaml``; the same file when the checkout itself is the project.
    command_line : dict
        From ``--config`` and ``--configfile``.
    """
    config = read_yaml(shipped)
    if os.path.realpath(project) != os.path.realpath(shipped):
        if not os.path.exists(project):
            raise UserError(f"{os.path.abspath(project)} does not exist; a project is a folder with a config.yaml")
        for section, key in OWN.items():
            if key is None:
                del config[section]
            else:
                del config[section][key]
        _lay_over(config, read_yaml(project))
    _lay_over(config, command_line)
    return config


def read_yaml(path):
    """Return the mapping in a YAML file; UserError names the line of a mistake."""
    try:
        with open(path, encoding="utf-8") as file:
            document = yaml.safe_load(file) or {}
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not UTF-8 text; save it with that encoding") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise UserError(f"{path}{line}: {getattr(error, 'problem', None) or error}") from None
    if not isinstance(document, dict):
        raise UserError(f"{path}: must hold keys and values (generator: ..., geometry: ...)")
    return document


def _lay_over(config, over):
    for section, value in over.items():
        if section not in REPLACED and isinstance(value, dict) and isinstance(config.get(section), dict):
            config[section].update(value)
        else:
            config[section] = value


def check_config(config, schema, name="config.yaml"):
    """Raise one UserError that lists every violation of the schema: unknown keys (with the near match), types, bounds.

    Wedge axes are keys of ``training``, and their values are held to the same rules.
    """
    mistakes = {sentence for error in VALIDATOR(schema).iter_errors(config) for sentence in _sentences(error)}
    mistakes |= set(_unquoted_names(config))
    mistakes |= set(_wedge_mistakes(config.get("wedges"), schema["properties"]["training"]["properties"]))
    if mistakes:
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise UserError(f"{name}: {count}\n" + "\n".join(f"  {mistake}" for mistake in sorted(mistakes)))


def near_match(word, known):
    """Return ' (did you mean X?)' for the nearest of *known*, else the list of all."""
    match = difflib.get_close_matches(str(word), list(known), 1, 0.6)
    return f"did you mean {match[0]}?" if match else f"known: {', '.join(known)}"


def _unquoted_names(section, where=""):
    """Yield a sentence for each key that is no text: YAML reads ``2024:`` as a number and ``on:`` as true."""
    for key, value in section.items():
        if not isinstance(key, str):
            yield f"{where}{key}: YAML does not read this key as a text; put it in quotes"
        if isinstance(value, dict):
            yield from _unquoted_names(value, f"{where}{key}.")


def _sentences(error):
    """Return the sentences for one violation, each with the path of its key."""
    where = ".".join(str(part) for part in error.absolute_path)
    prefix = f"{where}." if where else ""
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        return [f"{prefix}{key}: unknown key; {near_match(key, known)}" for key in error.instance if key not in known]
    if error.validator == "required":
        return [f"{prefix}{key}: missing; {error.schema['properties'][key]['description']}"
                for key in error.validator_value if key not in error.instance]  # fmt: skip
    return [f"{where}: {_reason(error)}"]


def _reason(error):
    value = error.instance
    if error.validator == "type":
        kinds = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        hint = ""
        if isinstance(value, str) and re.fullmatch(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+", value):
            hint = f" (YAML reads a number only with a dot and a sign: {float(value):.1e})"
        return f"{value!r} is not {' or '.join(_with_article(kind) for kind in kinds)}{hint}"
    if error.validator == "enum":
        return f"{value!r} is unknown; {near_match(value, error.validator_value)}"
    if error.validator == "minimum":
        return f"{value} is too small; at least {error.validator_value}"
    if error.validator == "exclusiveMinimum":
        return f"{value} is too small; it must be above {error.validator_value}"
    if error.validator in ("maximum", "exclusiveMaximum"):
        bound = "at most" if error.validator == "maximum" else "it must be below"
        return f"{value} is too large; {bound} {error.validator_value}"
    if error.validator == "not":
        return f"{error.instance!r} is taken; choose another name"
    if error.validator == "propertyNames" or (error.validator == "pattern" and "Z" in error.validator_value):
        return f"{error.instance!r}: a name is made of letters, digits, '-' and '_'"
    if error.validator in ("pattern", "anyOf"):
        return f"{error.instance!r} is not what it takes: {error.schema['description']}"
    if error.validator in ("minItems", "maxItems") and error.validator_value > 1:
        return f"{error.instance!r} has {len(error.instance)} values; it takes {error.validator_value}"
    if error.validator in ("minItems", "minProperties"):
        return "is empty; at least one is needed"
    return error.message


def _with_article(kind):
    names = {"object": "a section of keys", "array": "a list", "boolean": "true or false", "string": "a text"}
    names["null"] = "null (nothing)"
    return names.get(kind, f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}")


def _wedge_mistakes(wedges, training):
    """Return a sentence for each axis that is no key of ``training``, and for each value that such a key refuses."""
    mistakes = []
    for axis, values in wedges.items() if isinstance(wedges, dict) else ():
        if axis in FILES:
            mistakes.append(f"wedges.{axis}: a file is the same for all wedges; it can read their settings")
            continue
        if axis not in training:
            mistakes.append(f"wedges.{axis}: unknown hyperparameter; {near_match(axis, training)}")
            continue
        for value in values if isinstance(values, list) else ():
            for error in VALIDATOR(training[axis]).iter_errors(value):
                mistakes.append(f"wedges.{axis}: {_reason(error)}")
    return mistakes


def locate(path, checkout):
    """Return where a file named in the config is: in the project, else in Geokiln's checkout; None if in neither."""
    for candidate in (path, os.path.join(checkout, path)):
        if os.path.isfile(candidate):
            return candidate
    return None
