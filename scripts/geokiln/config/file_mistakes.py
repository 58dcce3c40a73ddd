"""What is wrong with the files that a config names, and with the functions that they define."""

import os

from geokiln.config.reading import locate, reads_dataset
from geokiln.errors import UserError
from geokiln.storage.sources import closure, defined_names
from geokiln.storage.suffixes import FOREIGN, GEOMETRY, is_foreign, suffix_of
from geokiln.user_module import missing_functions

KINDS = ("cook", "train", "predict", "formats")  # of environments
TRAINING_FUNCTIONS = ("model", "loss", "train")


def file_mistakes(config, checkout):
    """Yield a sentence for each file that is missing, oddly named, or lacks a function that it is named for.

    *config* obeys the schema.
    """
    cooked = not reads_dataset(config) and config["generator"]["file"] is not None
    for key, path in _named_files(config, cooked):
        yield from _mistakes_of(key, path, checkout)
    yield from _script_mistakes(config, checkout)
    yield from _weights_mistakes(config, checkout)
    if cooked:
        yield from _cooking_mistakes(config, checkout)


def _cooking_mistakes(config, checkout):
    """Yield a sentence for each geometry and each function of the generator with which something is wrong."""
    geometries = _geometry_files(config)
    yield from _same_names([os.path.basename(path) for key, path in geometries if key == "geometry.source"])
    for key, path in geometries:
        if suffix_of(path) not in GEOMETRY and not is_foreign(path):
            known = f".geo, .bgeo, .bgeo.sc, .npz, {', '.join(FOREIGN)}"
            yield f"{key}: {path} is neither `generator` nor a geometry file ({known})"
        else:
            yield from _mistakes_of(key, path, checkout)
    yield from _generator_mistakes(config, checkout)


def _named_files(config, cooked):
    """Yield key and path of each file that the config names, but for geometries; the generator's if it is *cooked*."""
    generator, training = config["generator"], config["training"]
    if cooked:
        yield "generator.file", generator["file"]
        yield from (("generator.inputs", path) for path in generator["inputs"])
    yield from ((f"training.{key}", training[key]) for key in ("script", "initial_weights") if training[key])
    for kind in KINDS:
        named = config["environments"][kind]
        if isinstance(named, str) and not os.path.isdir(os.path.expanduser(named)):  # an environment that is there
            yield f"environments.{kind}", named


def _geometry_files(config):
    source = config["geometry"]["source"]
    files = [] if source == "generator" else [source] if isinstance(source, str) else source
    named = [("geometry.source", path) for path in files]
    unseen = ((f"unseen.{name}.source", about["source"]) for name, about in config["unseen"].items())
    return named + [(key, path) for key, path in unseen if path != "generator"]


def _same_names(files):
    """Yield a sentence for each name that several files of the training geometry have, whatever their suffix."""
    names = {}
    for file in files:
        names.setdefault(file[: len(file) - len(suffix_of(file))], []).append(file)
    for name, same in sorted(names.items()):
        if len(set(same)) < len(same):
            yield f"geometry.source: two files are called {same[0]}; rename one"
        elif len(same) > 1:
            yield f"geometry.source: {' and '.join(same)}: items are named after the file, {name}, so rename one"


def _mistakes_of(key, path, checkout):
    if "{" in path or "}" in path:
        yield f"{key}: {path} has braces, which Snakemake reads as wildcards; rename it"
    elif locate(path, checkout) is None:
        yield f"{key}: {path} does not exist in {os.getcwd()}"


def _generator_mistakes(config, checkout):
    """Yield a sentence for each function that the generator lacks, or for a syntax error in it."""
    path = locate(config["generator"]["file"], checkout)
    names, broken = _defined(path)
    needed = {}
    if not config["generator"]["command"]["words"] and not (names and "cook_batch" in names):
        needed["cook"] = "it returns an item's targets as a dict of arrays"
    if config["geometry"]["source"] == "generator":
        needed["geometry"] = "geometry.source: generator asks for it"
    if any(unseen["source"] == "generator" for unseen in config["unseen"].values()):
        needed["unseen"] = "unseen inputs with source: generator ask for it"
    yield from broken or (missing_functions(path, needed) if path else ())


def _script_mistakes(config, checkout):
    """Yield a sentence for a training script that lacks what one is for, or has a syntax error."""
    path = locate(config["training"]["script"], checkout) if config["training"]["script"] else None
    names, broken = _defined(path)
    yield from broken
    if names is not None and not names.intersection(TRAINING_FUNCTIONS):
        there, functions = ", ".join(sorted(names)) or "nothing", ", ".join(TRAINING_FUNCTIONS)
        yield f"{path} defines none of {functions}, which training.script is for; it defines {there}"
    elif names is not None and "train" in names and "model" not in names:
        yield f"{path} defines train, but no function model(n_in, n_out, settings), which it needs"


def _weights_mistakes(config, checkout):
    """Yield a sentence for initial weights of another format: the header's length, then the header, a JSON object."""
    named = config["training"]["initial_weights"]
    path = locate(named, checkout) if named else None
    if path and os.path.isfile(path):
        with open(path, "rb") as file:
            start = file.read(9)
        if start[8:] != b"{" or int.from_bytes(start[:8], "little") + 8 > os.path.getsize(path):
            yield f"training.initial_weights: {named} is no .safetensors file; safetensors.torch.save_file writes one"


def _defined(path):
    """Return what a file defines (None: only running it would tell), and sentences of why it cannot be read."""
    try:
        return (defined_names(path), []) if path and closure(path) else (None, [])
    except UserError as error:
        return None, [str(error)]
