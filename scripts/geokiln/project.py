"""A user's project as the rules see it: its checked config, and the names and files that follow from it."""

import json
import os
import sys

from geokiln.configuration import check_config, complete_config, locate, near_match, read_yaml
from geokiln.environments import base_interpreter, environment_name
from geokiln.errors import UserError
from geokiln.files import content_digest
from geokiln.fingerprints import fingerprint
from geokiln.geo_header import primitive_count
from geokiln.sources import closure, defined_names
from geokiln.wedges import expand_wedges
from geokiln.work_items import batch_names, dataset_parts

HASHED_BYTES = 64 << 20  # at every start; larger files are known by size and time
KINDS = ("cook", "train", "predict")


class Project:
    """Read the working directory's ``config.yaml`` over the shipped one, and check all that can be checked at once.

    Attributes
    ----------
    config : dict
    generator, generator_inputs : list of str
        The user's Python file and the modules beside it that it imports; the files that it reads.
    generator_digest : str
        Identifies the contents of both. Rules have it as a parameter, since Snakemake does not look at an input that
        is older than the output: a file moved or unpacked into place keeps its old time.
    batches, parts : list of str
        Names of the training geometry's batches, and the files without suffix that the dataset is merged from (by
        `work_items.granularity`); both in the order of the items.
    wedges : dict
        Wedge name -> its values.
    requirements, environment_names : dict
        ``cook``, ``train``, ``predict`` -> requirements file; name of the environment's folder in ``environments``.

    Raises
    ------
    UserError
        For every mistake that can be found before a job runs; mistakes of the config are listed all at once.
    """

    def __init__(self, checkout, command_line):
        self.checkout = checkout
        self.config = complete_config(os.path.join(checkout, "config.yaml"), "config.yaml", command_line)
        check_config(self.config, read_yaml(os.path.join(checkout, "schemas/config.schema.yaml")))
        settings = self.config["environments"]
        self.generator = self._generator()
        self.parameters = self._parameters()
        self.generator_inputs = [self._file(path, "generator.inputs") for path in self.config["generator"]["inputs"]]
        self.generator_digest = fingerprint([_digest(path) for path in [*self.generator, *self.generator_inputs]])
        for unseen in self.config["unseen"]:
            self.count(unseen)  # so that a missing or an empty file is named before any job
        self.batches, self.parts = self._blocks()
        self.wedges = expand_wedges(self.config["wedges"])
        self.requirements = {kind: self._file(settings[kind], f"environments.{kind}") for kind in KINDS}
        python = base_interpreter(settings["python"])
        self.environment_names = {kind: environment_name(kind, self.requirements[kind], python) for kind in KINDS}
        if "{" in settings["folder"] or "}" in settings["folder"]:
            raise UserError("config.yaml: environments.folder has braces, which Snakemake reads as wildcards")
        self.environments = os.path.normpath(os.path.join(checkout, os.path.expanduser(settings["folder"])))

    def _file(self, path, key):
        if "{" in path or "}" in path:
            raise UserError(f"config.yaml: {key}: {path} has braces, which Snakemake reads as wildcards; rename it")
        found = locate(path, self.checkout)
        if found is None:
            raise UserError(f"config.yaml: {key}: {path} does not exist in {os.getcwd()}")
        return found

    def _generator(self):
        """Return the generator file and its modules; say before any job if it lacks a function that is needed."""
        path = self._file(self.config["generator"]["file"], "generator.file")
        files = [str(file) for file in closure(path)]
        names = defined_names(path)
        needed = {"cook": "it returns an item's targets as a dict of arrays"}
        if self.config["geometry"]["source"] == "generator":
            needed["geometry"] = "geometry.source: generator asks for it"
        if any(unseen["source"] == "generator" for unseen in self.config["unseen"].values()):
            needed["unseen"] = "unseen inputs with source: generator ask for it"
        for function, reason in needed.items():
            if names is not None and function not in names:
                known = near_match(function, sorted(names))
                raise UserError(f"{path} defines no function {function}; {reason} ({known})")
        return files

    def _parameters(self):
        parameters = self.config["generator"]["parameters"]
        for key, value in parameters.items():
            try:
                json.dumps(value, allow_nan=False)
            except (TypeError, ValueError):
                reason = f"{value!r} is no number, text, list or section"
                raise UserError(f"config.yaml: generator.parameters.{key}: {reason}") from None
        return json.dumps(parameters, sort_keys=True)

    def _blocks(self):
        """Return the batches of the training geometry, and what the dataset is merged from."""
        count, settings = self.count(), self.config["work_items"]
        size, granularity = settings["batch_size"], settings["granularity"]
        if size > count and granularity == "batch":
            geometry = f"geometry/{self.config['geometry']['name']}.geo"
            warning = f"{size} is more than the {count} items of {geometry}: one job cooks them all"
            print(f"Geokiln: work_items.batch_size: {warning}", file=sys.stderr)
        return batch_names(count, size), dataset_parts(granularity, count, size)

    def batch_of(self, point):
        """Return the name of the batch that a data point belongs to; UserError if there is no such point."""
        count = self.count()
        if int(point) >= count:
            raise UserError(f"data_points/{point}.npz: there are {count} data points, 0 to {count - 1}")
        return self.batches[int(point) // self.config["work_items"]["batch_size"]]

    def source(self, unseen=None):
        """Return where an unseen input (without a name: the training geometry) comes from: ``generator`` or a file."""
        section = self.config["unseen"][unseen] if unseen else self.config["geometry"]
        key = f"unseen.{unseen}.source" if unseen else "geometry.source"
        return "generator" if section["source"] == "generator" else self._file(section["source"], key)

    def source_files(self, unseen=None):
        """Return the file that a geometry comes from as a list, which is empty if the generator makes it."""
        return [] if self.source(unseen) == "generator" else [self.source(unseen)]

    def source_digest(self, unseen=None):
        """Return what identifies the contents of a geometry's file; empty if the generator makes it."""
        return "".join(map(_digest, self.source_files(unseen)))

    def count(self, unseen=None):
        """Return the number of primitives of a geometry: the config's, or what the header of its file states."""
        section = self.config["unseen"][unseen] if unseen else self.config["geometry"]
        files = self.source_files(unseen)
        count = primitive_count(files[0]) if files else section["count"]
        if count == 0:
            raise UserError(f"{files[0]}: the geometry is empty; each data point needs a primitive")
        return count

    def unseen_parts(self, unseen):
        """Return what is cooked for an unseen input."""
        truth = self.config["unseen"][unseen]["ground_truth"]
        return ["inputs", "targets", "baseline"] if truth else ["inputs"]

    def missing_environments(self):
        """Return the names of the environments that nobody has built yet."""
        names = self.environment_names.values()
        return [name for name in names if not os.path.exists(os.path.join(self.environments, name, "python"))]

    def training_settings(self, wedge):
        """Return all training settings of a wedge as JSON: the config's, the wedge's own values laid over."""
        return json.dumps({**self.config["training"], **self.wedges[wedge]}, sort_keys=True)


def _digest(path):
    status = os.stat(path)
    if status.st_size > HASHED_BYTES:
        return fingerprint([status.st_size, status.st_mtime_ns])
    return content_digest(path)
