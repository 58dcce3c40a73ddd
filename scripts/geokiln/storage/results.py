"""Results that say what they were made from.

The first line of a published result's side-car tells it: a digest of the job's plan (all its parameters, its code), one
of the side-cars that it was made from, one of its own contents, and size and digest of the files that it vouches for.
When the rules are read, all this is compared with what is there. So Snakemake's own records are a convenience: a
project may be copied, archived and restored without them. Only the standard library is imported here.
"""

import contextlib
import json
import os
from pathlib import Path

from geokiln.errors import UserError
from geokiln.storage.files import content_digest, json_text, put_aside, read_json
from geokiln.storage.fingerprints import blake2b, fingerprint

LINE = b'"made_from": '
HASHED_BYTES = 64 << 20  # larger files are known by their size; they have checksums within, compared by who reads them


def made_from(plan, sidecars):
    """Return what a result is made from: digests of the *plan* of its job, and of the *sidecars* of its inputs."""
    return {"plan": plan, "inputs": inputs_digest(_identity(Path(path).read_bytes()) for path in sidecars)}


def inputs_digest(identities):
    """Return one digest for the identities of several side-cars, in any order."""
    return fingerprint(sorted(map(str, identities)))


def write_result(path, document, origin, files=()):
    """Write the side-car of a result.

    Parameters
    ----------
    document : dict
        What it tells, see `geokiln.storage.files.write_json`.
    origin : dict
        As `made_from` gives it.
    files : dict or iterable of path
        Name beside the side-car -> path where the file is now; or files that lie beside it already.
    """
    files = files if isinstance(files, dict) else {Path(file).name: file for file in files}
    vouched = {name: _size_and_digest(file) for name, file in files.items()}
    text = json_text(document)
    about = {**origin, "contents": _digest(text.encode()), "files": vouched}
    Path(path).write_text("{\n" + LINE.decode() + json.dumps(about) + ",\n" + text[2:], encoding="utf-8")


def sidecar_digest(path):
    """Return 32 hexadecimal digits that identify what a side-car tells, whatever it was made from.

    For a file that does not say what it was made from, it is that of the whole file.
    """
    return _digest(_parts(Path(path).read_bytes())[1])


def read_result(path):
    """Return the document of a side-car; one whose contents were altered is put aside and named."""
    document = read_json(path)
    about, contents = _parts(Path(path).read_bytes())
    if about is not None and about.get("contents") != _digest(contents):
        raise put_aside(path, "its contents do not agree with their digest")
    document.pop("made_from", None)
    return document


def check_vouched(path, sidecar):
    """Raise a UserError if a file is not the one that its side-car vouches for; it is put aside, and so made again."""
    about, _ = _parts(Path(sidecar).read_bytes())
    vouched = (about or {}).get("files", {}).get(Path(path).name)
    if vouched is None:
        return  # an earlier version of Geokiln made it
    if not os.path.exists(path):
        raise UserError(f"{path} does not exist, though {sidecar} does; run again to make it anew")
    if not _agrees(path, vouched):
        raise put_aside(path, f"it does not agree with the digest in {sidecar}")


def told(path):
    """Return what a side-car says that it was made from, and its identity: that of its contents and of its files.

    Returns
    -------
    tuple
        (dict or None, text): None for a file that is not there, that is altered or damaged, that vouches for a file
        that is, or that does not say what it was made from. Of files, those are read that are newer than the side-car.
    """
    identity = None
    try:
        raw = Path(path).read_bytes()
        about, contents = _parts(raw)
        identity = _identity(raw)
        if about is None or about["contents"] != _digest(contents):
            return None, identity
        written = os.stat(path).st_mtime_ns
        for name, vouched in about["files"].items():
            file = Path(path).with_name(os.path.basename(name))
            if not _agrees(file, vouched, contents=os.stat(file).st_mtime_ns > written):
                return None, identity
        return about, identity
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None, identity


def _identity(raw):
    about, contents = _parts(raw)
    return fingerprint([_digest(contents), about.get("files") if isinstance(about, dict) else None])


def _size_and_digest(path):
    size = os.path.getsize(path)
    return [size, content_digest(path) if size <= HASHED_BYTES else None]


def _agrees(path, vouched, contents=True):
    """Whether a file has the size, and if asked the *contents*, that are vouched for."""
    return (_size_and_digest(path) if contents else [os.path.getsize(path), vouched[1]]) == list(vouched)


def _parts(raw):
    """Return what the first line of a side-car says (None: nothing), and the rest, as it would be without that line."""
    first, _, rest = raw.partition(b"\n")
    line, _, contents = rest.partition(b"\n")
    if first == b"{" and line.startswith(LINE):
        with contextlib.suppress(ValueError):
            return json.loads(line[len(LINE) :].rstrip(b",")), b"{\n" + contents
    return None, raw


def _digest(raw):
    return blake2b(raw, digest_size=16).hexdigest()
