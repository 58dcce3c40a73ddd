"""A user's project as the rules see it: its checked config, and the names and files that follow from it."""

import json
import os
import sys

from geokiln.config.reading import check_config, complete_config, locate, read_yaml
from geokiln.config.wedge_mistakes import hyperparameters
from geokiln.errors import UserError, near_match
from geokiln.geometry.element_count import element_count
from geokiln.planning.environments import base_interpreter, environment_name
from geokiln.planning.training_plan import TrainingConfig
from geokiln.storage.files import content_digest
from geokiln.storage.fingerprints import fingerprint
from geokiln.storage.sources import closure, defined_names
from geokiln.work_items.batches import automatic_batch_size, batch_names, dataset_parts

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
    geometries : dict
        File name in ``geometry/`` -> where it comes from: ``generator`` or a file.
    batches, parts : list of str
        Names of the training geometry's batches, and the files without suffix that the dataset is merged from (by
        `work_items.granularity`); both in the order of the items. While the number of items is not known, there are no
        batches, and the parts are those that the last manifest names.
    judges : list of str
        Unseen inputs that wedges are ranked by; empty where validation examples are.
    cook_settings : str
        How items are cooked, JSON.
    attribute_code : list of str
        The generator's files if its ``attributes(item)`` shapes the work items, else empty.
    training : geokiln.planning.training_plan.TrainingConfig
        Wedges, their settings, and the user's own training code.
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
        schema = read_yaml(os.path.join(checkout, "schemas/config.schema.yaml"))
        check_config(self.config, schema)
        settings = self.config["environments"]
        self.generator = self._generator()
        self.parameters = self._parameters()
        self.generator_inputs = [self._file(path, "generator.inputs") for path in self.config["generator"]["inputs"]]
        self.cook_settings = self._cook_settings()
        self.generator_digest = fingerprint([_digest(path) for path in [*self.generator, *self.generator_inputs]])
        self.geometries = self._geometries()
        for unseen in self.config["unseen"]:
            self._check_unseen(unseen)  # so that a missing or an empty file is named before any job
        self.judges = self._judges()
        self.batch_size, self.batches, self.parts = self._blocks()
        self.training = TrainingConfig(self.config, self._file, hyperparameters(schema))
        self.requirements = {kind: self._file(settings[kind], f"environments.{kind}") for kind in KINDS}
        python = base_interpreter(settings["python"])
        self.environment_names = {kind: environment_name(kind, self.requirements[kind], python) for kind in KINDS}
        if "{" in settings["folder"] or "}" in settings["folder"]:
            raise UserError("config.yaml: environments.folder has braces, which Snakemake reads as wildcards")
        self.environments = os.path.normpath(os.path.join(checkout, os.path.expanduser(settings["folder"])))

    def _judges(self):
        """Return the unseen inputs that wedges are ranked by; none where validation examples are."""
        if self.config["selection"]["by"] == "validation":
            return []
        judges = [name for name, unseen in self.config["unseen"].items() if unseen["ground_truth"]]
        if not judges:
            raise UserError("config.yaml: selection.by: unseen needs an unseen input with ground_truth: true")
        return judges

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
        cook = "cook_batch" if names and "cook_batch" in names else "cook"
        needed = {cook: "it returns an item's targets as a dict of arrays"}
        if self.config["generator"]["command"]:
            needed = {}
        if self.config["geometry"]["source"] == "generator":
            needed["geometry"] = "geometry.source: generator asks for it"
        if any(unseen["source"] == "generator" for unseen in self.config["unseen"].values()):
            needed["unseen"] = "unseen inputs with source: generator ask for it"
        for function, reason in needed.items():
            if names is not None and function not in names:
                known = near_match(function, sorted(names))
                raise UserError(f"{path} defines no function {function}; {reason} ({known})")
        self.attribute_code = files if names is None or "attributes" in names else []
        return files

    def _cook_settings(self):
        """Return how items are cooked, as JSON; files among the words of a command count as generator.inputs."""
        names = ("command", "outputs", "time_limit", "retries", "exit_codes", "items_per_call")
        settings = {name: self.config["generator"][name] for name in names}
        for word in settings["command"] or []:
            found = None if "{" in word else locate(word, self.checkout)
            if found and found not in self.generator_inputs:
                self.generator_inputs.append(found)
        if settings["command"] and not settings["outputs"]:
            raise UserError("config.yaml: generator.outputs: name the files that the command writes for an item")
        return json.dumps(settings, sort_keys=True)

    def _parameters(self):
        parameters = self.config["generator"]["parameters"]
        for key, value in parameters.items():
            try:
                json.dumps(value, allow_nan=False)
            except (TypeError, ValueError):
                reason = f"{value!r} is no number, text, list or section"
                raise UserError(f"config.yaml: generator.parameters.{key}: {reason}") from None
        return json.dumps(parameters, sort_keys=True)

    def _geometries(self):
        """Return the training geometries: file name in ``geometry/`` -> ``generator``, or the file it comes from."""
        section = self.config["geometry"]
        if section["source"] == "generator":
            return {f"{section['name']}.{section['format']}": "generator"}
        if isinstance(section["source"], str):
            file = self._geometry_file(section["source"], "geometry.source")
            return {section["name"] + os.path.splitext(file)[1]: file}
        files = [self._geometry_file(path, "geometry.source") for path in section["source"]]
        names = [os.path.basename(file) for file in files]
        for name in names:
            if names.count(name) > 1:
                raise UserError(f"config.yaml: geometry.source: two files are called {name}; rename one")
        return dict(zip(names, files))

    def _geometry_file(self, path, key):
        if os.path.splitext(path)[1] not in (".geo", ".npz"):
            raise UserError(f"config.yaml: {key}: {path} is neither `generator` nor a .geo or .npz file")
        return self._file(path, key)

    def geometry_files(self, geometry):
        """Return the file that a training geometry comes from as a list, which is empty if the generator makes it."""
        source = self.geometries[geometry]
        return [] if source == "generator" else [source]

    def geometry_digest(self, geometry):
        """Return what identifies the contents of a geometry's file; empty if the generator makes it."""
        return "".join(map(_digest, self.geometry_files(geometry)))

    def count(self):
        """Return the number of work items of the training geometry, or None if that is known only once it is cooked."""
        section, import_ = self.config["geometry"], self.config["work_items"]
        if import_["group"]:
            return None
        if import_["element"] == "detail":
            return len(self.geometries)
        if section["source"] == "generator":
            return None if import_["element"] == "point" else section["count"]
        counts = {file: element_count(file, import_["element"]) for file in self.geometries.values()}
        for file, count in counts.items():
            if count == 0 and import_["empty"] == "fail":
                raise UserError(f"{file}: the geometry is empty; each data point needs a {import_['element']}")
        if not sum(counts.values()):
            raise UserError(f"{', '.join(counts)}: there is no {import_['element']} to make work items of")
        return sum(counts.values())

    def _blocks(self):
        """Return the size and names of the batches, and what the dataset is merged from."""
        count, settings = self.count(), self.config["work_items"]
        size, granularity = settings["batch_size"], settings["granularity"]
        if count is None:
            return None, [], _last_parts()
        if size == "auto":
            size = automatic_batch_size(count)
        if size > count and granularity == "batch":
            geometry = ", ".join(f"geometry/{name}" for name in self.geometries)
            warning = f"{size} is more than the {count} items of {geometry}: one job cooks them all"
            print(f"Geokiln: work_items.batch_size: {warning}", file=sys.stderr)
        return size, batch_names(count, size), dataset_parts(granularity, count, size)

    def side_car(self, batch=None, point=None):
        """Return the small file that speaks for a batch's or a point's work items; UserError if there is none such."""
        count = self.count()
        if count is None:
            return "work_items/manifest.json"
        if point is not None:
            if int(point) >= count:
                raise UserError(f"data_points/{point}.npz: there are {count} data points, 0 to {count - 1}")
            batch = self.batches[int(point) // self.batch_size]
        if batch not in self.batches:
            known = f"{self.batches[0]} to {self.batches[-1]}"
            raise UserError(f"batches/{batch}.npz: there is no such batch of {count} data points; there are {known}")
        return f"work_items/{batch}.json"

    def items_of(self, batch=None, point=None, unseen=None):
        """Return how many work items a job cooks: a batch, a data point, an unseen input, or (none named) all.

        1 where that is known only once the geometry is cooked.
        """
        if batch is not None:
            first, last = map(int, batch.split("-"))
            return last - first + 1
        if unseen is not None:
            files = self.unseen_files(unseen)
            if self.config["work_items"]["element"] == "detail" or not files:
                return self.config["unseen"][unseen].get("count", 1)
            return element_count(files[0], self.config["work_items"]["element"])
        return 1 if point is not None else self.count() or 1

    def import_flags(self, unseen=False):
        """Return how elements become work items, as flags; an unseen input has no groups and keeps its numbers."""
        settings = self.config["work_items"]
        flags = ["--element", settings["element"], "--attributes", settings["attributes"]]
        if settings["constants"]:
            flags += ["--constants", json.dumps(settings["constants"], sort_keys=True)]
        if self.attribute_code:
            flags += ["--generator", self.attribute_code[0], "--parameters", self.parameters]
        if not unseen:
            flags += ["--empty", settings["empty"]]
            flags += ["--group", settings["group"]] if settings["group"] else []
            flags += ["--id-attribute", settings["id_attribute"]] if settings["id_attribute"] else []
        return flags

    def cook_flags(self, unseen=False):
        """Return what becomes of items that fail, and whether what was cooked before counts, as flags.

        An unseen input needs all its items.
        """
        settings = self.config["work_items"]
        flags = ["--cache", settings["cache"]]
        if not unseen:
            flags += ["--invalid", settings["invalid"]]
            flags += ["--tolerate-failures"] if settings["failure_share"] else []
        return flags

    def unseen_source(self, unseen):
        """Return where an unseen input comes from: ``generator`` or a file."""
        source = self.config["unseen"][unseen]["source"]
        return "generator" if source == "generator" else self._geometry_file(source, f"unseen.{unseen}.source")

    def unseen_files(self, unseen):
        """Return the file that an unseen input comes from as a list, which is empty if the generator makes it."""
        source = self.unseen_source(unseen)
        return [] if source == "generator" else [source]

    def unseen_digest(self, unseen):
        """Return what identifies the contents of an unseen input's file; empty if the generator makes it."""
        return "".join(map(_digest, self.unseen_files(unseen)))

    def unseen_geometry(self, unseen):
        """Return the geometry file of an unseen input."""
        return f"geometry/unseen/{unseen}{os.path.splitext(self.unseen_source(unseen))[1] or '.geo'}"

    def _check_unseen(self, unseen):
        for file in self.unseen_files(unseen):
            if self.config["work_items"]["element"] != "detail" and not element_count(file, "primitive"):
                raise UserError(f"{file}: the geometry is empty; each data point needs a primitive")

    def unseen_parts(self, unseen):
        """Return what is cooked for an unseen input."""
        truth = self.config["unseen"][unseen]["ground_truth"]
        return ["inputs", "targets", "baseline"] if truth else ["inputs"]

    def missing_environments(self):
        """Return the names of the environments that nobody has built yet."""
        names = self.environment_names.values()
        return [name for name in names if not os.path.exists(os.path.join(self.environments, name, "python"))]


def _digest(path):
    status = os.stat(path)
    if status.st_size > HASHED_BYTES:
        return fingerprint([status.st_size, status.st_mtime_ns])
    return content_digest(path)


def _last_parts():
    """Return what the last manifest of work items names; nothing if there is none."""
    try:
        with open("work_items/manifest.json", encoding="utf-8") as file:
            return json.load(file)["parts"]
    except (OSError, ValueError, KeyError):
        return []
