"""States of unfinished, and of finished trainings: one that was killed, or that is to go on, does not start anew.

Two trainings that differ only in when they stop (epochs, iterations, patience) go the same way. So states lie in a
folder for each way, ``.kept/states/{fingerprint}/{epoch}.safetensors``, and any training of that way may take one up
that it would have come to itself.
"""

import contextlib
import math
import os
import time
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file, save_file

SECONDS = 30.0  # between two states, where the config says ``auto``


class States:
    """The states of one way to train.

    Parameters
    ----------
    folder : path
        Of the way.
    settings : dict
        ``save_state`` says when a state is saved: ``auto`` (every 30 s and at the end), ``never``, ``end``,
        ``improvement``, or every so many epochs.
    """

    def __init__(self, folder, settings):
        self.folder, self.settings = Path(folder), settings
        self._own, self._saved = None, time.monotonic()

    def find(self):
        """Return the state of the latest epoch that this training would have come to, or None."""
        if self.settings["save_state"] == "never":
            return None
        for path in sorted(self.folder.glob("*.safetensors"), key=lambda path: -int(path.stem)):
            with contextlib.suppress(SafetensorError, OSError, KeyError, ValueError):
                state = load_file(path)
                if self._is_on_the_way(state):
                    self._own = path
                    return state
        return None

    def _is_on_the_way(self, state):
        epoch, steps, _ = state["counts"].tolist()
        if epoch > self.settings["epochs"] or steps > (self.settings["iterations"] or math.inf):
            return False
        best, stale, stopped = math.inf, 0, False
        for loss in state["record.losses"][:, 2].tolist():
            if stopped:
                return False  # this training would have stopped before
            best, stale = min(best, loss), 0 if loss < best else stale + 1
            stopped = stale >= (self.settings["patience"] or math.inf)
        return True

    def save_if_due(self, training, wedge, better=False):
        """Save the state of a *wedge* of a *training* at the end of an epoch, if the settings say so."""
        done, when = training.progress, self.settings["save_state"]
        ended = done.epoch >= self.settings["epochs"] or not done.active[wedge]
        if when == "auto":
            due = ended or time.monotonic() - self._saved >= SECONDS
        elif isinstance(when, int):
            due = ended or done.epoch % when == 0
        else:
            due = (when == "improvement" and better) or (when == "end" and ended)
        if due:
            self.save(training, wedge)

    def save(self, training, wedge):
        """Save the state of a *wedge*; the one that it saved or took up before goes."""
        path = self.folder / f"{training.progress.epoch}.safetensors"
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f".{os.getpid()}.{path.name}"
        save_file(training.state(wedge), temporary)
        os.replace(temporary, path)
        if self._own and self._own != path:
            self._own.unlink(missing_ok=True)
        self._own, self._saved = path, time.monotonic()

    def save_snapshot(self, epoch, weights):
        """Keep the weights (name -> array) of an epoch."""
        folder = self.folder / "snapshots"
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{os.getpid()}.{epoch}.safetensors"
        save_arrays(weights, temporary)
        os.replace(temporary, folder / f"{epoch}.safetensors")

    def snapshots(self, epochs):
        """Return the weights of these epochs by ``{epoch}/{name}``."""
        named = {}
        for epoch in epochs:
            for name, array in load_arrays(self.folder / "snapshots" / f"{epoch}.safetensors").items():
                named[f"{epoch}/{name}"] = array
        return named
