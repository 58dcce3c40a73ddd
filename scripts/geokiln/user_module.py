"""The one place where a user's Python file is loaded: generators, training scripts, scripts of wedges."""

import contextlib
import importlib
import importlib.util
import os
import sys
import traceback
import types
from pathlib import Path

import geokiln
from geokiln.errors import UserError, near_match, text_of
from geokiln.storage.sources import defined_names, syntax_tree
from geokiln.user_code.from_source import FOLDER, FromSource, run_from_source
from geokiln.user_code.guard import Guard, what_happened
from geokiln.user_code.random_state import RANDOM, global_states, put_back

NAME = "geokiln_user_module"  # of a file whose own name another module has: it may be called numpy.py


class UserModule:
    """The functions of a user's file, called with messages that name the file and the function."""

    def __init__(self, path):
        self.path = Path(path)
        syntax_tree(path)  # a syntax error becomes one sentence
        RANDOM.seed(0)
        self.guard, folder = Guard(path), str(self.path.parent.resolve())
        name, file = _free_name(self.path), os.path.join(folder, self.path.name)
        sys.path.insert(0, folder)  # its own modules lie beside it
        run_from_source(folder)
        sys.dont_write_bytecode = True  # no __pycache__ in the user's folder
        loader = FromSource(name, file)
        self.module = importlib.util.module_from_spec(importlib.util.spec_from_file_location(name, file, loader=loader))
        sys.modules[name] = self.module  # dataclasses look their module up, and processes that it starts import it
        try:
            self.guard.call(f"{path}: its import", loader.exec_module, self.module)
        except UserError as error:
            raise _shown(error) from None
        except Exception as error:
            traceback.print_exc()
            raise UserError(f"{path} cannot be imported: {type(error).__name__}: {text_of(error)}") from None

    def has(self, function):
        """Whether the file defines a function of this name."""
        return callable(getattr(self.module, function, None))

    def guarded(self, name, where, *arguments):
        """Call a function, which *where* names with its item; an Exception that it raises is the caller's to tell."""
        return self.guard.call(where, getattr(self.module, name), *arguments)

    def call(self, name, *arguments, where=None):
        """Call a function; what it raises becomes one sentence."""
        where = where or f"{self.path}: {name}"
        try:
            return self.guarded(name, where, *arguments)
        except UserError as error:
            raise _shown(error) from None
        except Exception as error:
            traceback.print_exc()
            raise UserError(f"{where} {what_happened(error)}") from None


def _shown(error):
    """Show where a call wanted to end the process, and return its error; a UserError of the user's own says enough."""
    cause = error.__cause__
    if cause:
        traceback.print_exception(type(cause), cause, cause.__traceback__)
        error.__cause__ = None  # shown once
    return error


def _free_name(path):
    """Return a name for the module: the file's own, so that a spawned process can import it, if no other has it."""
    name = path.stem
    if path.suffix != ".py" or not name.isidentifier() or name in sys.modules:
        return NAME
    found = importlib.util.find_spec(name)
    own = found is None or os.path.exists(found.origin or "") and os.path.samefile(found.origin, path)
    return name if own else NAME


@contextlib.contextmanager
def leaving_no_trace(path):
    """Load a user's file within the block, and leave nothing of it behind in a process that is not its own."""
    before = sys.path[:], sys.path_hooks[:], sys.meta_path[:]
    modules, writes_nothing, random = set(sys.modules), sys.dont_write_bytecode, global_states()
    folder = str(Path(path).parent.resolve())
    try:
        yield
    finally:
        sys.path[:], sys.path_hooks[:], sys.meta_path[:] = before
        sys.dont_write_bytecode = writes_nothing
        os.environ.pop(FOLDER, None)
        put_back(random)
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
