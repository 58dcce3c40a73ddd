"""Where the examples come from if they are in a file already, and the unseen inputs beside them."""

import contextlib
import functools
import json
import os
from dataclasses import dataclass

from geokiln.config.command_line_values import command_line_values
from geokiln.config.reading import complete_config, locate, reads_dataset
from geokiln.errors import UserError
from geokiln.storage.digests import quick_digests
from geokiln.storage.suffixes import TABLES


@dataclass
class DatasetSource:
    """A file of examples.

    Attributes
    ----------
    file : str
    layout : str
        ``dataset.layout`` as JSON.
    """

    file: str
    layout: str

    @functools.cached_property  # of a large file, it takes most of the time to read the rules
    def digest(self):
        """Identifies the contents of the file."""
        return quick_digests([self.file])


def reader(sources):
    """Return the kind of environment in which all *sources* are read: tables need a library."""
    return "formats" if any(source.file.lower().endswith(TABLES) for source in sources) else "cook"


def cooks(folder, files, entries, checkout):
    """Whether the examples of the project in a *folder* are cooked, and not in a file already.

    *files* and *entries* are those of the command line (`geokiln.config.command_line_values`).
    """
    with contextlib.suppress(UserError, OSError):  # what is wrong, the run itself will tell
        values = command_line_values(files, entries, checkout)
        shipped, project = (os.path.join(place, "config.yaml") for place in (checkout, folder))
        return not reads_dataset(complete_config(shipped, project, values))
    return True


def dataset_source(config, checkout):
    """Return the DatasetSource of the training's examples; None if they are cooked."""
    return _source(config, config["dataset"]["source"], checkout) if reads_dataset(config) else None


def unseen_sources(config, checkout):
    """Return those of unseen inputs: name -> DatasetSource. The test split has none."""
    if not reads_dataset(config):
        return {}
    named = {name: one["source"] for name, one in config["unseen"].items() if one["source"] != "test"}
    return {name: _source(config, path, checkout) for name, path in named.items()}


def _source(config, path, checkout):
    return DatasetSource(locate(path, checkout), json.dumps(config["dataset"]["layout"], sort_keys=True))


def split_json(config):
    """Return the settings that decide which examples are the test split."""
    keys = ("validation_share", "test_share", "split_seed")
    return json.dumps({key: config["preprocess"][key] for key in keys}, sort_keys=True)
