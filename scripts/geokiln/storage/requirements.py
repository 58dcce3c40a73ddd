"""What an environment is made of, as text: requirements, and the contents of local packages and modules among them.

Geokiln's launcher reads this, too, before anything is installed: only the standard library is imported here.
"""

import ast
import os
import re
from pathlib import Path

from geokiln.errors import UserError
from geokiln.storage.files import content_digest
from geokiln.storage.fingerprints import blake2b

INCLUDE = re.compile(r"(-r|--requirement|-c|--constraint)(?:[ =]\s*|(?=[^ =]))(.+)")
EDITABLE = re.compile(r"(?:-e|--editable)[ =]\s*")
PACKAGED_BY = ("pyproject.toml", "setup.py", "setup.cfg")  # a folder with one of these is a package, to pip


def requirement_lines(path, folder=".", digest=None, within=()):
    """Return the requirements in a file without comments, with those of the files that it names (``-r``, ``-c``).

    A local package (``./tools``, ``-e ../tools``, ``tools @ file:///...``, a wheel) is followed by a *digest* of its
    files (`files_digest`): an edit of it counts. Its path is relative to *folder*, where pip runs.

    Raises
    ------
    UserError
        If a file cannot be read, or includes itself.
    """
    if os.path.realpath(path) in within:
        raise UserError(f"{path} includes itself")
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; it is named as a requirements file") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text; save it with that encoding") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read as a requirements file ({error.strerror})") from None
    return counted_lines(text.splitlines(), Path(path).parent, folder, digest, (*within, os.path.realpath(path)))


def counted_lines(lines, beside=".", folder=".", digest=None, within=()):
    """Return what counts of requirements; files that they name lie *beside*, see `requirement_lines`."""
    counted = []
    for line in lines:
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        included = INCLUDE.fullmatch(line)
        if included and "://" not in line:
            counted += requirement_lines(Path(beside, included.group(2)), folder, digest, within)
        elif line:
            counted.append(line)
            package = local_package(line, folder)
            if package:
                counted.append((digest or files_digest)(package))
    return counted


def local_package(line, folder="."):
    """Return the path of the local package or module that a requirement names, None if it names none that is there."""
    word = EDITABLE.sub("", line).split(";")[0].strip()
    if " @ file:" in word or word.startswith("file:"):
        word = re.sub(r"^.*?file:(//)?", "", word)
    elif not names_path(word):
        return None
    path = Path(folder, os.path.expanduser(re.sub(r"\[[^]]*\]$", "", word.split("#")[0])))
    return path if path.exists() else None


def names_path(word):
    """Whether a requirement is a path, as pip tells: it begins as one, or ends as an archive."""
    return bool(re.match(r"[./~]|.*\.(whl|zip|tar\.gz)$", word)) and "://" not in word


def is_module(path):
    """Whether a local path is no package to pip, but Python code that is copied: a file, or a folder of modules."""
    path = Path(path)
    return path.suffix == ".py" or (path.is_dir() and not any((path / name).exists() for name in PACKAGED_BY))


def files_digest(path):
    """Return 32 hexadecimal digits that change with a package or a module; comments and hidden files do not count.

    Nor do ``build`` and ``dist`` of a package, where pip leaves what it made.
    """
    left_out = () if is_module(path) else ("build", "dist")
    return _digest(path, _code_digest, lambda top, name: not (top and name in left_out), links=True)


def bytes_digest(path):
    """Return what `files_digest` gave in versions in which comments counted."""
    return _digest(path, content_digest, lambda _, name: name not in ("build", "dist"), links=False)


def _digest(path, digest_of, counts, links):
    """Return a digest of a file, or of a folder; *counts* says of a name whether it is at the top, and of interest."""
    if path.is_file():
        return digest_of(path)
    digest, seen = blake2b(digest_size=16), set()
    for parent, folders, names in os.walk(path, followlinks=links):
        top, place = parent == str(path), os.path.realpath(parent)
        known = [name for name in folders if name[0] != "." and name != "__pycache__" and name[-9:] != ".egg-info"]
        folders[:] = [] if place in seen else sorted(name for name in known if counts(top, name))  # no link leads round
        seen.add(place)
        for name in sorted(name for name in names if name[0] != "."):
            file = Path(parent, name)
            digest.update(f"{file.relative_to(path)} {digest_of(file)}\n".encode())
    return digest.hexdigest()


def _code_digest(file):
    """Return a digest of a Python file's code without comments; of its bytes if it is no such file."""
    if file.suffix != ".py":
        return content_digest(file)
    try:
        tree = _outline(ast.parse(file.read_bytes()))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return content_digest(file)
    return blake2b(tree.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _outline(node):
    """Return a syntax tree as text, in which what is empty does not stand: newer Pythons know of more fields."""
    if isinstance(node, list):
        return f"[{','.join(map(_outline, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [f"{name}={_outline(value)}" for name, value in ast.iter_fields(node) if value is not None and value != []]
    return f"{type(node).__name__}({','.join(fields)})"
