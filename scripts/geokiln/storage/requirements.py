"""What an environment is made of, as text: the requirements in a file, and the contents of local packages among them.

Geokiln's launcher reads this, too, before anything is installed: only the standard library is imported here.
"""

import os
import re
from pathlib import Path

from geokiln.errors import UserError
from geokiln.storage.files import content_digest
from geokiln.storage.fingerprints import blake2b

INCLUDE = re.compile(r"(-r|--requirement|-c|--constraint)(?:[ =]\s*|(?=[^ =]))(.+)")
EDITABLE = re.compile(r"(?:-e|--editable)[ =]\s*")
NOT_PACKAGED = ("__pycache__", "build", "dist")


def requirement_lines(path, folder="."):
    """Return the requirements in a file without comments, with those of the files that it names (``-r``, ``-c``).

    A local package (``./tools``, ``-e ../tools``, ``tools @ file:///...``, a wheel) is followed by a digest of its
    files: an edit of it counts. Its path is relative to *folder*, where pip runs.

    Raises
    ------
    UserError
        If a file does not exist.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; it is named as a requirements file") from None
    lines = []
    for line in text.splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        included = INCLUDE.fullmatch(line)
        if included and "://" not in line:
            lines += requirement_lines(Path(path).parent / included.group(2), folder)
        elif line:
            lines.append(line)
            package = _local_package(line, folder)
            if package:
                lines.append(_digest(package))
    return lines


def _local_package(line, folder):
    """Return the path of the local package that a requirement names, None if it names none that is there."""
    word = EDITABLE.sub("", line).split(";")[0].strip()
    if " @ file:" in word or word.startswith("file:"):
        word = re.sub(r"^.*?file:(//)?", "", word)
    elif not re.match(r"[./~]|.*\.(whl|zip|tar\.gz)$", word):
        return None
    path = Path(folder, os.path.expanduser(re.sub(r"\[[^]]*\]$", "", word.split("#")[0])))
    return path if path.exists() else None


def _digest(path):
    """Return 32 hexadecimal digits that change with the files of a package; hidden and built ones do not count."""
    if path.is_file():
        return content_digest(path)
    digest = blake2b(digest_size=16)
    for parent, folders, names in os.walk(path):
        folders[:] = sorted(
            name for name in folders if name[0] != "." and name not in NOT_PACKAGED and name[-9:] != ".egg-info"
        )
        for name in sorted(name for name in names if name[0] != "."):
            file = Path(parent, name)
            digest.update(f"{file.relative_to(path)} {content_digest(file)}\n".encode())
    return digest.hexdigest()
