"""Sequences of geometry files, a frame for each item of an unseen input: ``truth.0001.bgeo``, ``prediction.0001.bgeo``.

Frames are counted from 1, as Houdini's ``$F`` is. A sidecar in their folder names and vouches for them.
"""

import re
from pathlib import Path

from geokiln.geometry.geo_file import read_geo
from geokiln.storage.results import check_vouched, read_result

KINDS = ("truth", "baseline", "prediction")


def frame_path(folder, kind, number, suffix):
    """Return the path of a frame.

    >>> str(frame_path("shapes/walk", "truth", 7, "bgeo.sc"))
    'shapes/walk/truth.0007.bgeo.sc'
    """
    return Path(folder, f"{kind}.{number:04d}.{suffix}")


def read_frames(sidecar, kind):
    """Return what a sidecar tells, and its frames of a *kind*, a (number, Geometry) at a time.

    Parameters
    ----------
    sidecar : path
        Its name is the frames' suffix: ``shapes/walk/bgeo.json``.
    """
    about, folder, suffix = read_result(sidecar), Path(sidecar).parent, Path(sidecar).name[: -len(".json")]

    def frames():
        for number in range(1, len(about["ids"]) + 1):
            path = frame_path(folder, kind, number, suffix)
            check_vouched(path, sidecar)
            yield number, read_geo(path)

    return about, frames()


def remove_others(folder, suffix, files):
    """Remove what an earlier, longer run left: frames with that suffix in *folder* that are not among *files*.

    What a killed run left half written goes, too. Beside ``.vtu`` frames lie their collections, ``{kind}.pvd``.
    """
    endings = rf"\d{{4,}}\.{re.escape(suffix)}" + (r"|pvd" if suffix == "vtu" else "")
    name = re.compile(rf"(\.partial\.)?({'|'.join(KINDS)})\.({endings})")
    for path in Path(folder).iterdir():
        if name.fullmatch(path.name) and path not in files:
            path.unlink()
