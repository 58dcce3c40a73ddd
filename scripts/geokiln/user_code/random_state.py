"""Global random generators, which user code shares with all that runs in its process.

They are seeded before each call of user code, so that its result depends neither on the calls before it nor on the size
of a batch. Only the standard library is imported here: what user code does not import is not seeded.
"""

import sys
from importlib.machinery import PathFinder

SEEDS = {"random": "seed", "numpy.random": "seed", "torch": "manual_seed"}
STATES = {"random": ("getstate", "setstate"), "numpy.random": ("get_state", "set_state")}


class GlobalRandom:
    """Seeds the global generators."""

    def __init__(self):
        self._seed = 0

    def seed(self, seed):
        """Seed those that are imported; one that is imported later, within a call, is seeded then."""
        self._seed = seed
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)
        for name in SEEDS:
            if name in sys.modules:
                self._seed_one(name)

    def _seed_one(self, name):
        seed = self._seed % 2**32 if name == "numpy.random" else self._seed
        getattr(sys.modules[name], SEEDS[name], lambda seed: None)(seed)  # a user's file may be called random.py

    def find_spec(self, name, path=None, target=None):
        """Let a module be seeded when it is imported; Python asks this of each entry of ``sys.meta_path``."""
        spec = PathFinder.find_spec(name, path) if name in SEEDS else None
        if spec and spec.loader:
            run = spec.loader.exec_module
            spec.loader.exec_module = lambda module: (run(module), self._seed_one(name))[0]
        return spec


RANDOM = GlobalRandom()  # there is one of each generator in a process


class Draws:
    """Finds out which functions draw from the global generators."""

    def __init__(self):
        self._calls, self._told = {}, set()

    def before(self, function):
        """Return the states before a call of a function, or None: looking at each call would take too long.

        The first, second, fourth, eighth ... call is looked at.
        """
        number = self._calls[function] = self._calls.get(function, 0) + 1
        return None if number & (number - 1) else global_states()

    def drawn(self, function, before):
        """Yield the generators that a call drew from, if it was looked at; each is told once."""
        now = global_states() if before is not None else {}
        for name, state in now.items():
            if before.get(name, state) != state and (function, name) not in self._told:
                self._told.add((function, name))
                yield name


def global_states():
    """Return the states of the global generators that are imported: name -> what can be compared, and put back."""
    states = {}
    for name, (get, _) in STATES.items():
        if hasattr(sys.modules.get(name), get):
            kind, words, *rest = getattr(sys.modules[name], get)()
            states[name] = (kind, tuple(words), *rest)
    if hasattr(sys.modules.get("torch"), "get_rng_state"):
        states["torch"] = sys.modules["torch"].get_rng_state().tolist()
    return states


def put_back(states):
    """Put back what `global_states` gave, torch's left out."""
    for name, (_, put) in STATES.items():
        if name in states:
            getattr(sys.modules[name], put)(states[name])
