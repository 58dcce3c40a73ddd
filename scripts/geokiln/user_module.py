"""The one place where a user's Python file is loaded: generators, training scripts, scripts of wedges."""

import contextlib
import importlib
import importlib.machinery
import importlib.util
import sys
import traceback
import types
from pathlib import Path

import geokiln
from geokiln.errors import UserError, near_match
from geokiln.storage.sources import defined_names, syntax_tree

NAME = "geokiln_user_module"  # one of its own: a user's file may be called numpy.py


class UserModule:
    """The functions of a user's file, called with messages that name the file and the function."""

    def __init__(self, path):
        self.path = Path(path)
        syntax_tree(path)  # a syntax error becomes one sentence
        sys.path.insert(0, str(self.path.parent.resolve()))  # its own modules lie beside it
        sys.dont_write_bytecode = True  # no __pycache__ in the user's folder
        loader = importlib.machinery.SourceFileLoader(NAME, str(self.path))
        self.module = importlib.util.module_from_spec(importlib.util.spec_from_loader(NAME, loader))
        sys.modules[NAME] = self.module  # dataclasses look their module up
        try:
            loader.exec_module(self.module)
        except Exception as error:
            traceback.print_exc()
            raise UserError(f"{path} cannot be imported: {type(error).__name__}: {error}") from None

    def has(self, function):
        """Whether the file defines a function of this name."""
        return callable(getattr(self.module, function, None))

    def function(self, name):
        """Return a function of the file as it is: what it raises is the caller's to tell."""
        return getattr(self.module, name)

    def call(self, name, *arguments):
        """Call a function; what it raises becomes one sentence."""
        try:
            return self.function(name)(*arguments)
        except UserError:
            raise
        except Exception as error:
            traceback.print_exc()
            raise UserError(f"{self.path}: {name} raised {type(error).__name__}: {error}") from None


@contextlib.contextmanager
def leaving_no_trace(path):
    """Load a user's file within the block, and leave nothing of it behind in a process that is not its own."""
    path_before, modules, writes_nothing = sys.path[:], set(sys.modules), sys.dont_write_bytecode
    folder = str(Path(path).parent.resolve())
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = path_before, writes_nothing
        sys.modules.pop(NAME, None)
        for name in set(sys.modules) - modules:
            if str(getattr(sys.modules[name], "__file__", None)).startswith(folder + "/"):
                del sys.modules[name]


def missing_functions(path, needed):
    """Yield a sentence for each of the functions *needed* (name -> why) that a file surely lacks."""
    names = defined_names(path)
    for name, reason in needed.items():
        if names is not None and name not in names:
            yield f"{path} defines no function {name}; {reason} ({near_match(name, sorted(names))})"


class _EarlierName(types.ModuleType):
    """``geokiln.geo``, as `geokiln.api` was called; what it imports (numpy) is imported with the first use."""

    def __getattr__(self, name):
        return getattr(importlib.import_module("geokiln.api"), name)


geokiln.geo = sys.modules.setdefault("geokiln.geo", _EarlierName("geokiln.geo"))
