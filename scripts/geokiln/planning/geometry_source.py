"""Where a geometry comes from, the training's or an unseen input's, and what is known of it before it is made."""

import functools
import json
import os
from dataclasses import dataclass

from geokiln.config.reading import locate, reads_dataset
from geokiln.errors import UserError
from geokiln.geometry.element_count import element_count
from geokiln.geometry.element_kinds import SINGLE, none_there
from geokiln.storage.digests import quick_digest, quick_digests
from geokiln.storage.suffixes import GEOMETRY, is_foreign, made_name, made_suffix, suffix_of
from geokiln.storage.users_files import check_start


@dataclass
class GeometrySource:
    """One geometry.

    Attributes
    ----------
    target : str
        The file that the rules make: ``geometry/poses.geo``, ``geometry/unseen/stir.geo``.
    file : str or None
        The user's file that it is a copy of, or converted from; None if the generator makes it.
    count : int or None
        Primitives that the generator is to make; None: it decides.
    """

    target: str
    file: str = None
    count: int = None

    @property
    def files(self):
        """The user's file as a list, empty if the generator makes the geometry: an input of a rule."""
        return [self.file] if self.file else []

    @property
    def converted(self):
        """Whether the user's file is one of another program's, which a job converts."""
        return bool(self.file) and is_foreign(self.file)

    @functools.cached_property  # of a large file, it takes most of the time to read the rules
    def digest(self):
        """Identifies the contents of the user's file; empty if the generator makes the geometry."""
        return quick_digests([self.file]) if self.file else ""

    @property
    def outdated(self):
        """Whether another file that the geometry was made of, such as a layer of a USD stage, is not what it was."""
        try:
            with open(f"{self.target}.json", encoding="utf-8") as sidecar:
                layers = json.load(sidecar).get("layers", {}) if self.converted else {}
        except (OSError, ValueError):
            return False  # it is not made yet, or made anew for that
        return any(not os.path.isfile(file) or quick_digest(file) != digest for file, digest in layers.items())

    def elements(self, element):
        """Return how many primitives, points or vertices there are, 1 for ``detail``; None if it is not known yet.

        Raises
        ------
        UserError
            If the file does not tell.
        """
        if element == "detail":
            return 1
        if self.converted:
            return None
        if self.file:
            return element_count(self.file, element) if element in SINGLE else None
        return self.count if element == "primitive" else None


def training_geometries(config, checkout):
    """Return the training's geometries: file name in ``geometry/`` -> GeometrySource; none with a file of examples."""
    if reads_dataset(config):
        return {}
    section = config["geometry"]
    suffix = suffix_of(section["name"])
    stem = section["name"][: len(section["name"]) - len(suffix)]
    if section["source"] == "generator":
        name = stem + (suffix or ".geo")
        return {name: GeometrySource(f"geometry/{name}", count=section["count"])}
    if isinstance(section["source"], str):
        names = {stem + made_suffix(section["source"]): section["source"]}
    else:
        names = {made_name(path): path for path in section["source"]}
    return {name: GeometrySource(f"geometry/{name}", locate(path, checkout)) for name, path in names.items()}


def unseen_geometries(config, checkout):
    """Return the unseen inputs' geometries: name of the input -> GeometrySource; none with a file of examples."""
    sources = {}
    if reads_dataset(config):
        return sources
    for name, about in config["unseen"].items():
        if about["source"] == "generator":
            sources[name] = GeometrySource(f"geometry/unseen/{name}.geo", count=about["count"])
        else:
            suffix = made_suffix(about["source"])
            sources[name] = GeometrySource(f"geometry/unseen/{name}{suffix}", locate(about["source"], checkout))
    return sources


def geometry_mistakes(config, checkout):
    """Yield a sentence for each geometry file that is empty, is none, or does not tell how many elements it has."""
    if reads_dataset(config):
        return
    element, group, empty = (config["work_items"][key] for key in ("element", "group", "empty"))
    training = [] if group else list(training_geometries(config, checkout).values())
    counts = {}
    for source in [*training, *unseen_geometries(config, checkout).values()]:
        try:
            if source.converted or (source.file or "").endswith(".npz"):  # Houdini's are looked at by their reader
                check_start(source.file)
            if not source.file or not source.file.endswith(GEOMETRY):
                continue  # nothing to count yet, or told elsewhere
            counts[source.target] = source.elements(element)
        except UserError as error:
            yield str(error)
            continue
        if counts[source.target] == 0 and (empty == "fail" or source not in training):
            yield _none_there(source.file, element)
    if empty != "fail" and training and all(counts.get(source.target, 1) == 0 for source in training):
        yield f"{', '.join(source.file for source in training)}: there is no {element} to make work items of"


def _none_there(file, element):
    if file.endswith(".npz"):
        return f"{file}: the table is empty; each data point needs a row"
    return none_there(file, element, element_count(file, "point"), element_count(file, "primitive"))
