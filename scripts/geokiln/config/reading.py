"""The config: laid over the shipped defaults, and checked whole before any job."""

import os

import yaml

from geokiln.config.schema_mistakes import violations
from geokiln.config.wedge_mistakes import wedge_mistakes
from geokiln.errors import UserError

SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # both make plain data only; libyaml's is faster
OWN = {"generator": "file", "unseen": None}  # never inherited: a project states its own
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
            document = yaml.load(file, SAFE_LOADER) or {}
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
            if section == "resources":  # the only one with sections of its own
                _lay_over(config[section], value)
            else:
                config[section].update(value)
        else:
            config[section] = value


def check_config(config, schema, name="config.yaml"):
    """Raise one UserError that lists every violation of the schema: unknown keys (with the near match), types, bounds.

    What wedges vary are keys of ``training``, and their values are held to the same rules.
    """
    mistakes = {*violations(config, schema), *_unquoted_names(config), *wedge_mistakes(config.get("wedges"), schema)}
    if mistakes:
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise UserError(f"{name}: {count}\n" + "\n".join(f"  {mistake}" for mistake in sorted(mistakes)))


def _unquoted_names(section, where=""):
    """Yield a sentence for each key that is no text: YAML reads ``2024:`` as a number and ``on:`` as true."""
    for key, value in section.items():
        if not isinstance(key, str):
            yield f"{where}{key}: YAML does not read this key as a text; put it in quotes"
        if isinstance(value, dict):
            yield from _unquoted_names(value, f"{where}{key}.")


def locate(path, checkout):
    """Return where a file named in the config is: in the project, else in Geokiln's checkout; None if in neither."""
    for candidate in (path, os.path.join(checkout, path)):
        if os.path.isfile(candidate):
            return candidate
    return None
