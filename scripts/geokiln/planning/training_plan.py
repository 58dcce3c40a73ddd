"""The training part of a project as the rules see it: wedges, their settings, and the user's own files."""

import json

from geokiln.config.wedge_script import run_wedge_script
from geokiln.errors import UserError
from geokiln.storage.files import content_digest
from geokiln.storage.fingerprints import fingerprint
from geokiln.storage.sources import closure, defined_names
from geokiln.training.halving import rungs_mistake
from geokiln.training.packs import pack_file, pack_wedges
from geokiln.wedges.expansion import expand_wedges, wedge_name

FUNCTIONS = ("model", "loss", "train")


class TrainingConfig:
    """What ``training:``, ``preprocess:`` and ``wedges:`` of a checked config ask for.

    Parameters
    ----------
    config : dict
    file : function of (path, key)
        Finds a file that the config names.
    hyperparameters : dict
        The schema of each key of ``training:`` and ``preprocess:``.

    Attributes
    ----------
    wedges : dict
        Wedge name -> its values.
    axes : list of str
        The keys that any wedge has values of, sorted; a wedge without one goes by ``training:``, ``preprocess:``.
    recipes : dict
        Name -> settings of a preprocessing that some wedges share: ``base``, or named by the values that wedges vary.
    packs : dict
        Name -> the wedges that one job trains.
    rungs : list of int
        Epochs after which some wedges are dropped.
    asked : set of str
        Wedges that the command line asks for alone; None where it cannot be known.
    script, initial_weights : list of str
        The user's training script and the modules beside it that it imports; weights to start from. Empty if there is
        none.
    digest : str
        Identifies their contents: Snakemake does not look at an input that is older than the output.

    Raises
    ------
    UserError
        If the settings contradict each other, or a file is missing.
    """

    def __init__(self, config, file, hyperparameters):
        self.settings, self.preprocess = config["training"], config["preprocess"]
        settings = {**self.preprocess, **self.settings}
        self.wedges = expand_wedges(
            config["wedges"],
            settings,
            lambda script, wedges, where: run_wedge_script(
                file(script, f"{where}.script"), wedges, settings, hyperparameters
            ),
        )
        self.axes = sorted({key for values in self.wedges.values() for key in values})
        script, weights = self.settings["script"], self.settings["initial_weights"]
        self.script = self._script(file(script, "training.script")) if script else []
        self.initial_weights = [file(weights, "training.initial_weights")] if weights else []
        self.digest = fingerprint([content_digest(path) for path in [*self.script, *self.initial_weights]])
        self.recipes = {self.recipe_of(wedge): self._recipe(wedge) for wedge in self.wedges}
        for recipe in self.recipes.values():
            if recipe["validation_share"] + recipe["test_share"] >= 1:
                raise UserError("config.yaml: preprocess: validation_share and test_share leave nothing to train on")
        for wedge in self.wedges:
            self._check(self.of(wedge), self._recipe(wedge)["validation_share"])
        self.packs = pack_wedges(
            list(self.wedges),
            self.axes,
            lambda wedge: {**settings, **self.wedges[wedge]},
            self.preprocess,
            stackable=not self.script or _has_only_a_loss(self.script[0]),
        )
        self.asked, self.rungs = set(), config["halving"]["rungs"]
        mistake = rungs_mistake(self.rungs, map(self.of, self.wedges))
        if mistake:
            raise UserError(f"config.yaml: halving.rungs: {mistake}")
        self._pack_of = {wedge: pack for pack, wedges in self.packs.items() for wedge in wedges}

    def _script(self, path):
        names = defined_names(path)
        if names is not None and not names.intersection(FUNCTIONS):
            there = ", ".join(sorted(names)) or "nothing"
            raise UserError(
                f"{path} defines none of {', '.join(FUNCTIONS)}, which training.script is for; it defines {there}"
            )
        return [str(part) for part in closure(path)]

    def _check(self, settings, validation_share):
        if settings["patience"] and not validation_share:
            raise UserError("config.yaml: training.patience needs a validation split; set preprocess.validation_share")
        if settings["initial_weights"] and settings["model"] != "network":
            raise UserError(f"config.yaml: training.initial_weights: model {settings['model']} does not start from any")

    def of(self, wedge):
        """Return all training settings of a wedge: the config's, the wedge's own values laid over."""
        return {**self.settings, **self._own(wedge, self.settings)}

    def _own(self, wedge, section):
        return {key: value for key, value in self.wedges[wedge].items() if key in section}

    def _recipe(self, wedge):
        return {**self.preprocess, **self._own(wedge, self.preprocess)}

    def recipe_of(self, wedge):
        """Return the name of a wedge's preprocessing."""
        own = self._own(wedge, self.preprocess)
        return wedge_name(own) if own else "base"

    def recipe_flags(self, recipe):
        """Return the settings of a preprocessing as flags."""
        settings = self.recipes[recipe]
        flags = [f"--{key.replace('_', '-')}" for key in settings]
        values = [json.dumps(value, sort_keys=True) for value in settings.values()]
        values = [{"true": "1", "false": "0"}.get(value, value) for value in values]
        return [word for pair in zip(flags, values) for word in pair]

    def preprocessed(self, wedge, *names):
        """Return files of a wedge's preprocessing."""
        return [f"preprocessed/{self.recipe_of(wedge)}/{name}" for name in names]

    def pack_of(self, wedge):
        """Return the file that says where the store keeps a wedge."""
        return pack_file(wedge, self._pack_of[wedge], self.asked)

    def members(self, pack):
        """Return the wedges of a pack; one of which nothing is known bears the name of its only wedge."""
        return self.packs.get(pack, [pack])

    def rung_before(self, pack, rung=None):
        """Return what the training of a pack up to a *rung* (epochs; None: to its end) goes on from: 0 or 2 files."""
        before = [epochs for epochs in self.rungs if rung is None or epochs < rung]
        if not before or pack not in self.packs:  # a wedge that is asked for alone has no others to be compared with
            return []
        return [f"rungs/{before[-1]}/{pack}.json", f"rungs/{before[-1]}.json"]

    def rung_flags(self, pack, rung=None):
        """Return them as flags."""
        flags = [word for pair in zip(("--earlier", "--chosen"), self.rung_before(pack, rung)) for word in pair]
        return flags if rung is None else ["--rung", str(rung), *flags]

    def script_flags(self):
        """Return the user's script as flags, of training and export."""
        return ["--script", self.script[0]] if self.script else []

    def pack_flags(self, pack):
        """Return a pack's wedges, their preprocessing, their settings and the user's files as flags, of a training."""
        wedges = self.members(pack)
        recipe = {"name": self.recipe_of(wedges[0]), **self._recipe(wedges[0])}
        own = {wedge: self._own(wedge, self.settings) for wedge in wedges}
        flags = {"preprocessed": f"preprocessed/{recipe['name']}"}
        for name, value in {"recipe": recipe, "settings": self.settings, "wedges": own}.items():
            flags[name] = json.dumps(value, sort_keys=True)
        if self.initial_weights:
            flags["initial-weights"] = self.initial_weights[0]
        return [*self.script_flags(), *(word for flag, value in flags.items() for word in (f"--{flag}", value))]


def _has_only_a_loss(script):
    names = defined_names(script)
    return names is not None and not names.intersection(("model", "train"))
