"""The config: a project's, laid over the shipped defaults."""

import copy
import os

from geokiln.config.yaml_values import LARGEST, parse_yaml
from geokiln.errors import UserError

OWN = {"generator": "file", "unseen": None}  # never inherited: a project states its own
REPLACED = ("unseen", "wedges")  # a project's section replaces the shipped one; other sections are laid over key by key
SECTIONS_WITHIN = ("generator.command", "dataset.layout", "resources.cook", "resources.train", "resources.other")  # too
TEST_SPLIT = {"test": {"source": "test", "ground_truth": True}}  # the unseen inputs of a dataset from a file, if none
TEST_SHARE = 0.15  # of the examples, unless preprocess.test_share is stated, if there is an unseen input of that source


def complete_config(shipped, project, command_line):
    """Return the config: the shipped file, under the project's own file, under the command line's values.

    Parameters
    ----------
    shipped, project : path
        Two ``config.yaml``; the same file when the checkout itself is the project.
    command_line : dict
        From ``--config`` and ``--configfile``: `geokiln.config.command_line_values`.
    """
    config, own = read_yaml(shipped), {}
    if os.path.realpath(project) != os.path.realpath(shipped):
        if not os.path.exists(project):
            raise UserError(f"{os.path.abspath(project)} does not exist; a project is a folder with a config.yaml")
        for section, key in OWN.items():
            if key is None:
                del config[section]
            else:
                del config[section][key]
        own = read_yaml(project)
        _lay_over(config, own)
    _lay_over(config, command_line)
    if reads_dataset(config):
        _complete_for_file(config, [_section(layer, "preprocess") for layer in (own, command_line)])
    return config


def reads_dataset(config):
    """Whether the examples come from a file, and not from the generator."""
    return _section(config, "dataset").get("source", "generator") != "generator"


def _complete_for_file(config, stated):
    """Set what need not be stated where the examples come from a file; *stated* are the sections ``preprocess``."""
    _section(config, "generator").setdefault("file", None)
    config.setdefault("unseen", copy.deepcopy(TEST_SPLIT))
    unseen = _section(config, "unseen")
    tested = any(_section(unseen, name).get("source") == "test" for name in unseen)
    if tested and not any("test_share" in section for section in stated):
        _section(config, "preprocess")["test_share"] = TEST_SHARE


def _section(config, key):
    """Return a section of a config that was not checked yet; an empty one if it is none."""
    section = config.get(key)
    return section if isinstance(section, dict) else {}


def read_yaml(path):
    """Return the mapping in a YAML file; UserError names the line of a mistake."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            document = parse_yaml(file.read(LARGEST + 1), path)
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not UTF-8 text; save it with that encoding") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise UserError(f"{path}: must hold keys and values (generator: ..., geometry: ...)")
    return document


def _lay_over(config, over, section=""):
    for key, value in over.items():
        path = f"{section}{key}"
        laid_over = path not in REPLACED and (not section or path in SECTIONS_WITHIN)
        if laid_over and isinstance(value, dict) and isinstance(config.get(key), dict):
            _lay_over(config[key], value, f"{path}.")
        else:
            config[key] = value


def locate(path, checkout):
    """Return where a file named in the config is: in the project, else in Geokiln's checkout; None if in neither."""
    for candidate in (path, os.path.join(checkout, path)):
        if os.path.isfile(candidate):
            return candidate
    return None
