"""A user's project as the rules see it: names, files and settings that follow from its checked config."""

import json
import os
import sys

from geokiln.config.file_mistakes import KINDS
from geokiln.config.reading import complete_config, locate, read_yaml
from geokiln.errors import UserError
from geokiln.geometry.element_kinds import brings_geometry
from geokiln.planning.checking import check_project
from geokiln.planning.command_files import command_files
from geokiln.planning.dataset_source import dataset_source, reader, unseen_sources
from geokiln.planning.environments import environments_folder, plan_environments
from geokiln.planning.geometry_source import training_geometries, unseen_geometries
from geokiln.planning.shapes import stages_of, why_no_shape
from geokiln.planning.training_plan import TrainingPlan
from geokiln.storage.digests import quick_digests
from geokiln.storage.sources import closure, defined_names
from geokiln.work_items.batches import automatic_batch_size, batch_names, batch_range, dataset_parts


class Project:
    """Read the working directory's ``config.yaml`` over the shipped one, check all of it, then plan.

    Attributes
    ----------
    config : dict
    dataset : geokiln.planning.dataset_source.DatasetSource or None
        The file of the examples; None if they are cooked. With one there is no generator, no geometry, no work item.
    read : dict
        Name of an unseen input that is read from a file -> DatasetSource.
    reader : str
        The kind of environment that makes examples.
    generator, generator_inputs : list of str
        The user's Python file and the modules beside it that it imports; the files that it reads, with those that its
        command runs on.
    generator_digest : str
        Identifies the contents of both. Rules have it as a parameter, since Snakemake does not look at an input that
        is older than the output: a file moved or unpacked into place keeps its old time.
    parameters, command : str
        ``generator.parameters`` and ``generator.command`` as JSON.
    attribute_code, attribute_files, attribute_digest : list of str, list of str, str
        The same three if the generator's ``attributes(item)`` shapes the work items, else empty.
    default_inputs : bool
        Whether a model surely sees the items' attributes, since the generator does not say what else.
    geometries, unseen : dict
        File name in ``geometry/``, name of an unseen input -> `geokiln.planning.geometry_source.GeometrySource`.
    brings_geometry : bool
        Whether work items bring their own part of the geometry.
    converts : bool
        Whether any of these is converted from a file of another program.
    count : int or None
        Number of work items of the training geometry; None if it is known only once that is cooked.
    batches, parts : list of str
        Names of the training geometry's batches, and the files without suffix that the dataset is merged from (by
        `work_items.granularity`); both in the order of the items. While the number of items is not known, there are no
        batches, and the parts are those that the last manifest names.
    stages : dict
        Name of a stage that can be asked for -> unseen input and kind of shape; none without ``shape(item, targets)``.
    judges : list of str
        Unseen inputs that wedges are ranked by; empty where validation examples are.
    training : geokiln.planning.training_plan.TrainingPlan
        Wedges, their settings, and the user's own training code.
    environments : str
        The folder of environments.
    environment_plans, environment_names : dict
        ``cook``, ``train``, ``predict``, ``formats`` -> `geokiln.planning.environments.Environment`; its name.
    wheels : list of str
        The folder to install from, if there is one.

    Raises
    ------
    UserError
        One that lists every mistake that can be found before a job runs.
    """

    def __init__(self, checkout, command_line):
        shipped = os.path.join(checkout, "config.yaml")
        self.config = config = complete_config(shipped, "config.yaml", command_line)
        schema = read_yaml(os.path.join(checkout, "schemas/config.schema.yaml"))
        wedges = check_project(config, schema, shipped, checkout)

        self.dataset, self.read = dataset_source(config, checkout), unseen_sources(config, checkout)
        self.reader = reader([self.dataset, *self.read.values()]) if self.dataset else "cook"
        self.geometries, self.unseen = training_geometries(config, checkout), unseen_geometries(config, checkout)
        self.count, self.batch_size, self.batches, self.parts = 0, None, [], []
        self.converts = any(one.converted for one in [*self.geometries.values(), *self.unseen.values()])
        self.stages = {}
        if not self.dataset:
            self._plan_cooking(config, checkout)
        by_unseen = config["selection"]["by"] == "unseen"
        self.judges = [name for name, one in config["unseen"].items() if by_unseen and one["ground_truth"]]
        self.training = TrainingPlan(config, wedges, checkout)

        settings = config["environments"]
        self.environments = environments_folder(settings, checkout)
        self.wheels = [os.path.expanduser(folder) for folder in [settings["wheels"]] if folder]
        self.environment_plans = plan_environments(settings, checkout)
        self.environment_names = {kind: one.name for kind, one in self.environment_plans.items()}

    def _plan_cooking(self, config, checkout):
        generator = locate(config["generator"]["file"], checkout)
        self.generator = [str(path) for path in closure(generator)]
        inputs = [locate(path, checkout) for path in config["generator"]["inputs"]]
        words = config["generator"]["command"]["words"]
        self.generator_inputs = list(dict.fromkeys([*inputs, *command_files(words, checkout)]))
        self.generator_digest = quick_digests([*self.generator, *self.generator_inputs])
        self.parameters = json.dumps(config["generator"]["parameters"], sort_keys=True)
        self.command = json.dumps(config["generator"]["command"], sort_keys=True)
        names = defined_names(generator)
        shapes_items = names is None or "attributes" in names
        self.attribute_code, self.attribute_files = self.generator * shapes_items, self.generator_inputs * shapes_items
        self.attribute_digest = self.generator_digest * shapes_items
        self.default_inputs = names is not None and not names.intersection(("inputs", "inputs_batch"))
        items = config["work_items"]
        self.brings_geometry = brings_geometry(items["element"], items["include"])
        self.stages = stages_of(names, config["unseen"])
        self.count = self._count()
        self.batch_size, self.batches, self.parts = self._blocks()

    def _count(self):
        if self.config["work_items"]["group"]:
            return None
        counts = [source.elements(self.config["work_items"]["element"]) for source in self.geometries.values()]
        return None if None in counts else sum(counts)

    def _blocks(self):
        """Return the size and names of the batches, and what the dataset is merged from."""
        count, settings = self.count, self.config["work_items"]
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

    def sidecar(self, batch=None, point=None):
        """Return the small file that speaks for a batch's or a point's work items; UserError if there is none such."""
        count = self.count
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
            return len(batch_range(batch))
        if unseen is not None:
            return self.unseen[unseen].elements(self.config["work_items"]["element"]) or 1
        return 1 if point is not None else self.count or 1

    def outdated_geometries(self):
        """Return the sidecars of geometries of which a layer changed since: a file that the user's own refers to."""
        sources = [*self.geometries.values(), *self.unseen.values()]
        return [f"{source.target}.json" for source in sources if source.outdated]

    def cooked_parts(self, unseen):
        """Return what is cooked for an unseen input."""
        truth = self.config["unseen"][unseen]["ground_truth"]
        return ["inputs", "targets", "baseline"] if truth else ["inputs"]

    @property
    def kinds(self):
        """The kinds of environments that every request of the project needs."""
        return [self.reader, "train", "predict", *["formats"] * self.converts]

    def why_no_shape(self, target):
        """Return why a target under ``shapes/`` cannot be made, or None."""
        generator = None if self.dataset else self.generator[0]
        return why_no_shape(target, generator, self.stages, self.config["unseen"])

    def missing_environments(self, kinds=KINDS, taken=False):
        """Return the names of the environments of some *kinds* that nobody has built yet, or to which no way leads."""
        plans = [self.environment_plans[kind] for kind in kinds]
        return [plan.name for plan in plans if plan.taken == taken and not os.path.exists(plan.python)]

    def environment_in(self, name):
        """Return the Environment whose folder has a *name*."""
        return next(one for one in self.environment_plans.values() if one.name == name)


def _last_parts():
    """Return what the last manifest of work items names; nothing if there is none."""
    try:
        with open("work_items/manifest.json", encoding="utf-8") as file:
            return json.load(file)["parts"]
    except (OSError, ValueError, KeyError):
        return []
