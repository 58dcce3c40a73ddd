"""Which files a generator's command runs on, as far as its words tell."""

import os
import re
import shlex

from geokiln.config.reading import locate
from geokiln.storage.sources import followed, imported_by, module_files

LONGEST_SCRIPT = 1 << 20  # bytes of a shell script that are looked at
WRITTEN = re.compile("out|log|save|write|dump|cache|te?mp", re.IGNORECASE)  # in the name of an option: no file to read
SHIPPED = ("cook_items.py", "item_lookup.py", "item_scene.py", "item_targets.py")


def command_files(words, checkout):
    """Return the files that the words of a command name, and those that these run in their turn.

    A word may be a file, hold one (``--scene=scene.json``, ``scene=scene.json``, ``-Iscene.json``, ``@scene.json``,
    ``a.json,b.json``), or be a line for a shell. ``-m package.module`` and ``-c "import module"`` name modules of the
    project. Of a Python file the modules beside it that it imports count, too, of a shell script the files that its
    words name. What has braces is filled in for each item and names nothing, nor does an option such as ``--log=``.

    Geokiln's own scripts for hython do not count: an upgrade would cook everything anew.
    """
    own = {os.path.abspath(os.path.join(checkout, "houdini", name)) for name in SHIPPED}
    return [file for file in dict.fromkeys(_files(words or [], checkout, set())) if os.path.abspath(file) not in own]


def _files(words, checkout, known):
    """Yield the files of some words, some of them twice; *known* are the scripts that were looked into."""
    for before, word in zip(words, words[1:]):
        if before == "-c":
            yield from _followed(imported_by(word, "."), ".")
    parts = [part for word in words for part in _parts(word, checkout)]
    for before, part in zip(["", *parts], parts):
        if before == "-m":
            yield from _followed(module_files(f"{part}.__main__", "."), ".")
        elif os.path.isfile(f"{part}/__main__.py"):  # Python runs a folder by this file
            yield from _followed([f"{part}/__main__.py"], part)
        for path in [] if ">" in before else _within(part):
            yield path
            if path.endswith(".py"):
                yield from _followed([path], os.path.dirname(path) or ".")
            elif path.endswith(".sh") and path not in known:
                known.add(path)
                yield from _files(_words_of(path), checkout, known)


def _parts(word, checkout):
    """Return a word in parts: the file that it is, or the words of a line for a shell."""
    path = None if "{" in word else locate(word, checkout)
    return [path] if path else _split(word)


def _within(part):
    """Return the files that a part of the command is or holds."""
    if os.path.isfile(part):
        return [part]
    option, _, value = part.partition("=")
    texts = [] if WRITTEN.search(option) and value else [value]
    texts += [part[2:] if re.match(r"-\w", part) else "", part.lstrip("@")]
    pieces = [piece for text in texts for piece in (text, *re.split("[,:]", text))]
    return [piece for piece in pieces if "{" not in piece and os.path.isfile(piece)]


def _split(word):
    """Return the words of a line for a shell, which is one word of the command."""
    try:
        shell = shlex.shlex(word, posix=True, punctuation_chars=True)
        shell.whitespace_split = True
        return list(shell)
    except ValueError:  # a quote without its end
        return word.split()


def _words_of(script):
    with open(script, encoding="utf-8", errors="replace") as file:
        return _split(file.read(LONGEST_SCRIPT))


def _followed(files, root):
    return map(str, followed(files, root, strict=False))
