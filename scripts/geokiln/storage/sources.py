"""Which files a Python file runs on, and whether its code (not its comments or layout) changed."""

import ast
import functools
import os
from pathlib import Path

from geokiln.errors import UserError
from geokiln.storage.fingerprints import blake2b

COMPILED = (".so", ".pyd")  # suffixes of extension modules


def closure(script):
    """Return *script* and the modules beside it that it imports, directly or not: the script first, the rest sorted.

    Imports are found in the syntax tree. A module counts when it lies in the script's folder or in a package there,
    compiled or not; installed packages do not. Importing a package's module runs its ``__init__.py``, so that file
    counts, too. Imports by a string (``importlib.import_module(name)``) are not seen here, but by
    `geokiln.storage.audit`.

    Raises
    ------
    UserError
        If a file has a syntax error (names file and line) or does not exist.
    """
    script = Path(script)
    return [script, *sorted(set(followed([str(script)], str(script.parent))) - {script})]


def followed(files, root, strict=True):
    """Return *files* and the modules in the folder *root* that they import, directly or not.

    Unless *strict*, a file that this Python does not read imports nothing: it may be meant for another one.
    """
    found, waiting = {}, list(files)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = Path(path)
            try:
                waiting += _imports(path, root)
            except UserError:
                if strict:
                    raise
    return list(found.values())


def module_files(name, root):
    """Return the files in the folder *root* that run when a module is imported: a.b.c runs a/__init__.py as well."""
    files, stem = [], root
    for part in name.split("."):
        beside = _files_of_a_name(stem, part)
        stem = part if stem == "." else f"{stem}/{part}"
        if not beside:  # an installed module, as most are
            break
        files += filter(os.path.isfile, (f"{stem}.py", f"{stem}/__init__.py"))
        files += [os.path.join(os.path.dirname(stem), file) for file in beside if file.endswith(COMPILED)]
        if not os.path.isdir(stem):
            break
    return files


def syntax_tree(path):
    """Return the syntax tree of a Python file; UserError names file and line of a syntax error."""
    try:
        return ast.parse(Path(path).read_bytes(), filename=str(path))  # bytes: an encoding line counts, as in Python
    except FileNotFoundError:
        raise UserError(f"{path} does not exist") from None
    except SyntaxError as error:
        line = f", line {error.lineno}" if error.lineno else ""
        raise UserError(f"{path}{line}: {error.msg}") from None
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None


def imported_by(text, root):
    """Return the files in the folder *root* that the Python code in a text imports; none if it is no Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    return [file for node in _statements(tree) for file in _imported_files(node, Path(root, "-"), root)]


def code_digest(script, counted=None):
    """Return 32 hexadecimal digits of the syntax trees of *script* and the modules that it imports.

    Comments, blank lines and line breaks do not count; names and docstrings do. Of compiled modules the bytes count.
    Where the files lie does not count, so a moved project keeps its digests. *counted* is a function that takes the
    script's own tree and returns what of it counts; all of it does where another module imports the script.
    """
    script = Path(script)
    digest, files = blake2b(digest_size=16), closure(script)
    if any(str(script) in _imports(str(path), str(script.parent)) for path in files):
        counted = None
    for path in files:
        digest.update(str(path.relative_to(script.parent)).encode())
        if path.suffix in COMPILED:
            digest.update(path.read_bytes())
        else:
            tree = syntax_tree(path)
            tree = counted(tree) if counted and path == script else tree
            digest.update(ast.dump(_EarlierImports().visit(tree)).encode())
    return digest.hexdigest()


class _EarlierImports(ast.NodeTransformer):
    """Let imports from `geokiln.api` count as those from the modules that held the names first.

    So moves inside Geokiln change nobody's digest, nor does a generator that is brought to the newer name.
    """

    EARLIER = {"DropItem": "geokiln.errors", "UserError": "geokiln.errors"}  # the others: geokiln.geo

    def visit_ImportFrom(self, node):
        if node.module != "geokiln.api" or node.level:
            return node
        modules = {}
        for alias in node.names:
            modules.setdefault(self.EARLIER.get(alias.name, "geokiln.geo"), []).append(alias)
        return [ast.ImportFrom(module, names, 0) for module, names in sorted(modules.items())]


def defined_names(script):
    """Return the names that a module may define at its top level, or None where only running it would tell.

    All branches of conditions, loops and ``try`` count: a name that is not among these is surely not defined.
    """
    names, tree = set(), syntax_tree(script)
    for node in _run_by_an_import(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler)):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name.split(".")[0])
        elif type(node).__name__ in ("MatchAs", "MatchStar"):  # since Python 3.10
            names.add(node.name)
        elif isinstance(node, ast.Name) and node.id in ("exec", "globals", "vars"):
            return None
    names.update(name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names)
    return None if "*" in names else names - {None}


def _run_by_an_import(tree):
    """Yield the nodes of a module that run when it is imported: not those inside functions and classes."""
    waiting = [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            yield node
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
                waiting.append(node)


def _imports(path, root):
    """Return the files that a file imports; read once, however many scripts import it, until it changes."""
    if path.endswith(COMPILED):
        return []
    try:
        status = os.stat(path)
    except OSError:
        raise UserError(f"{path} does not exist") from None
    return _imports_of(path, root, status.st_mtime_ns, status.st_size, status.st_ino)


@functools.lru_cache(maxsize=None)
def _imports_of(path, root, *_signature):
    files = (file for node in _statements(syntax_tree(path)) for file in _imported_files(node, Path(path), root))
    return list(dict.fromkeys(files))


def _statements(node):
    """Yield all statements within a node; expressions, of which there are many more, import nothing."""
    for block in ("body", "handlers", "orelse", "finalbody", "cases"):
        for child in getattr(node, block, ()):
            yield child
            yield from _statements(child)


def _imported_files(node, path, root):
    if isinstance(node, ast.Import):
        names = [(root, alias.name) for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        parents = [root, *map(str, path.parents)]
        folder = parents[min(node.level, len(parents) - 1)]
        module = node.module or ""
        names = [(folder, module)] if module else []
        names += [(folder, f"{module}.{alias.name}".strip(".")) for alias in node.names]
    else:
        return []
    return [file for folder, name in names for file in module_files(name, folder)]


def _files_of_a_name(folder, name):
    """Return the files and folders of a module's name in a *folder*, compiled for whatever Python; sorted."""
    try:
        status = os.stat(folder or ".")
    except OSError:
        return []
    return _files_by_name(folder or ".", status.st_mtime_ns, status.st_ino).get(name, [])


@functools.lru_cache(maxsize=None)
def _files_by_name(folder, *_signature):
    names = {}
    for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        names.setdefault(file.split(".")[0], []).append(file)
    return names
