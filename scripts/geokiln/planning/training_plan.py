"""What is trained: wedges, the recipes of preprocessing and the packs that they share, and the user's own files."""

import json
import re

from geokiln.config.reading import locate
from geokiln.errors import UserError
from geokiln.storage.digests import quick_digests
from geokiln.storage.sources import closure, defined_names
from geokiln.training.packs import pack_file, pack_wedges
from geokiln.wedges.expansion import wedge_name


class TrainingPlan:
    """What ``training:``, ``preprocess:``, ``wedges:`` and ``selection:`` of a checked config ask for.

    Parameters
    ----------
    config : dict
    wedges : dict
        Wedge name -> its values.
    checkout : path
        Where files are looked for that the project does not have.

    Attributes
    ----------
    wedges : dict
        As above.
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
    lost_packs : set of str
        Pack files that are there, and vouch for wedges that are not.
    script, initial_weights : list of str
        The user's training script and the modules beside it that it imports; weights to start from. Empty if there is
        none.
    digest, script_digest : str
        Identify the contents of both, and of the script alone.
    """

    def __init__(self, config, wedges, checkout):
        self.settings, self.preprocess, self.wedges = config["training"], config["preprocess"], wedges
        settings = {**self.preprocess, **self.settings}
        script, weights = self.settings["script"], self.settings["initial_weights"]
        self.axes = sorted({key for values in wedges.values() for key in values})
        self.script = [str(path) for path in closure(locate(script, checkout))] if script else []
        self.initial_weights = [locate(weights, checkout)] if weights else []
        self.digest = quick_digests([*self.script, *self.initial_weights])
        self.script_digest = quick_digests(self.script)
        self.recipes = {self.recipe_of(wedge): self._recipe(wedge) for wedge in wedges}
        self.packs = pack_wedges(
            list(wedges),
            self.axes,
            lambda wedge: {**settings, **wedges[wedge]},
            self.preprocess,
            stackable=not self.script or _has_only_a_loss(self.script[0]),
        )
        self.rungs, self.asked, self.lost_packs = config["selection"]["rungs"], set(), set()
        self._pack_of = {wedge: pack for pack, members in self.packs.items() for wedge in members}

    def _own(self, wedge, section):
        return {key: value for key, value in self.wedges[wedge].items() if key in section}

    def _recipe(self, wedge):
        return {**self.preprocess, **self._own(wedge, self.preprocess)}

    def recipe_of(self, wedge):
        """Return the name of a wedge's preprocessing."""
        own = self._own(wedge, self.preprocess)
        return wedge_name(own) if own else "base"

    def members(self, pack):
        """Return the wedges of a pack; one of which nothing is known bears the name of its only wedge."""
        return self.packs.get(pack, [pack])

    def pack_of(self, wedge):
        """Return the file that says where the store keeps a wedge."""
        return pack_file(wedge, self._pack_of[wedge], self.asked, self.lost_packs)

    def rung_before(self, pack, rung=None):
        """Return the rung that a pack's training up to a *rung* (epochs; None: to its end) goes on from, or None."""
        before = [epochs for epochs in self.rungs if rung is None or epochs < rung]
        # a wedge that is asked for alone has no others to be compared with
        return before[-1] if before and pack in self.packs else None

    def check_epochs(self, arguments):
        """Refuse the target ``wedges/{wedge}/epoch-{epoch}.onnx`` of an epoch that is surely not kept.

        Raises
        ------
        UserError
            Before anything is trained for it.
        """
        for word in arguments:
            target = re.fullmatch(r"wedges/([^/]+)/epoch-([1-9]\d*)\.onnx", word)
            if target and target[1] in self.wedges:
                settings = {**self.settings, **self.wedges[target[1]]}
                reason = _why_not_kept(int(target[2]), settings, self.script)
                if reason:
                    raise UserError(f"{word} cannot be made: {reason}")

    def check_basis(self, arguments):
        """Refuse ``model_weights.onnx`` and ``basis/{target}.geo``, or a wedge's, where all targets stay as they are.

        Raises
        ------
        UserError
            Before anything is trained for it.
        """
        for word in arguments:
            target = re.fullmatch(
                r"(?:wedges/([^/]+)/)?(?:model_weights\.(?:onnx|json)|basis/[^/]+\.(?:geo|json))", word
            )
            if target and (target[1] is None or target[1] in self.wedges):
                recipes = [self._recipe(target[1])] if target[1] else self.recipes.values()
                if not any(recipe["target_components"] for recipe in recipes):
                    reason = "preprocess.target_components is 0, so there is no basis; set it to a number, such as 32"
                    raise UserError(f"{word} cannot be made: {reason}")

    def settings_json(self):
        """Return all keys of ``training:``."""
        return json.dumps(self.settings, sort_keys=True)

    def values_json(self, pack):
        """Return each wedge of a pack with its own values of them."""
        return json.dumps({wedge: self._own(wedge, self.settings) for wedge in self.members(pack)}, sort_keys=True)

    def recipe_json(self, recipe):
        """Return the settings of a preprocessing."""
        return json.dumps(self.recipes[recipe], sort_keys=True)


def _has_only_a_loss(script):
    names = defined_names(script)
    return names is not None and not names.intersection(("model", "train"))


def _why_not_kept(epoch, settings, script):
    every = settings["snapshots"]
    if settings["model"] != "network":
        return f"the model {settings['model']} is trained without epochs"
    if script and "train" in (defined_names(script[0]) or ()):
        return f"the function train of {script[0]} keeps no snapshots"
    if every is None:
        return "training.snapshots is null; set it to improvement, or to a number: every so many epochs"
    if epoch > settings["epochs"]:
        return f"training.epochs is {settings['epochs']}"
    return f"training.snapshots is {every}" if every != "improvement" and epoch % every else None
