"""Settings that are in order one by one, and do not go together."""

from geokiln.config.reading import reads_dataset
from geokiln.storage.suffixes import is_foreign, made_suffix, suffix_of

OF_AN_ITEM, OF_A_BATCH = ("{item}", "{id}", "{geometry}"), ("{items}", "{results}")  # places in the words of a command


def contradictions(config):
    """Yield a sentence for each contradiction between keys; *config* obeys the schema."""
    if not reads_dataset(config):
        yield from _of_cooking(config["geometry"], config["generator"]["command"])
        unseen = [one["source"] for one in config["unseen"].values()]
        yield from _of_elements(config["work_items"], config["geometry"], unseen)
        yield from _of_words(config["generator"]["command"]["words"], config["work_items"])
    if config["selection"]["by"] == "unseen" and not any(one["ground_truth"] for one in config["unseen"].values()):
        yield "selection.by: unseen needs an unseen input with ground_truth: true"
    if "{" in config["environments"]["folder"] or "}" in config["environments"]["folder"]:
        yield "environments.folder: has braces, which Snakemake reads as wildcards"
    if sorted(set(config["selection"]["rungs"])) != config["selection"]["rungs"]:
        yield f"selection.rungs: {config['selection']['rungs']} must be epochs that grow from rung to rung"


def _of_words(words, items):
    brings = items["element"] in ("piece", "group", "packed") or "geometry" in items["include"]
    named = {place for place in OF_AN_ITEM + OF_A_BATCH for word in words or () if place in word}
    if len(named.intersection(OF_A_BATCH)) == 1:
        yield "generator.command.words: {items} and {results} go together: a command that cooks a batch needs both"
    elif named.issuperset(OF_A_BATCH):
        for place in OF_AN_ITEM:
            if place in named:
                yield f"generator.command.words: {place} does not go with {{items}}, which holds it for each item"
    elif "{geometry}" in named and not brings:
        yield "generator.command.words: {geometry} needs items that bring it: add geometry to work_items.include"


def _of_elements(items, geometry, unseen):
    element, include = items["element"], items["include"]
    if element in ("point", "vertex") and include:
        yield f"work_items.include: a {element} has no {include[0]} of its own; leave that out"
    if element in ("detail", "piece") and items["group"]:
        yield f"work_items.group does not go with element: {element}"
    sources = geometry["source"]
    sources = [geometry["name"], sources] if isinstance(sources, str) else sources  # of a list, it names nothing
    tables = [name for name in [*sources, *unseen] if made_suffix(name) == ".npz"]
    for table in tables if element not in ("primitive", "point", "vertex") else ():
        yield f"work_items.element: {element}, but {table} is a table: its rows are the elements"
    for key in ("group", "include") if tables else ():
        if items[key]:
            yield f"work_items.{key}: {tables[0]} is a table, it has no {'groups' if key == 'group' else 'points'}"


def _of_cooking(geometry, command):
    source = geometry["source"] if isinstance(geometry["source"], str) else "generator"
    if source != "generator" and suffix_of(geometry["name"]) not in ("", made_suffix(source)):
        right = f"it becomes a {made_suffix(source)}" if is_foreign(source) else "both need one suffix"
        yield f"geometry.name: {geometry['name']}, but geometry.source is {source}: {right}"
    batch = any("{items}" in word for word in command["words"] or ())  # its results may hold the targets
    if command["words"] and not command["outputs"] and not batch:
        yield "generator.command.outputs: name the files that the command writes for an item"


def contradictions_of_wedges(wedges, rungs):
    """Yield a sentence for each contradiction in the settings of wedges, once.

    *wedges* are all keys of ``training:`` and ``preprocess:`` for each of them, its own values laid over.
    """
    yield from dict.fromkeys(sentence for settings in wedges for sentence in _of_wedge(settings, rungs))


def _of_wedge(settings, rungs):
    if settings["validation_share"] + settings["test_share"] >= 1:
        yield "preprocess: validation_share and test_share leave nothing to train on"
    if settings["patience"] and not settings["validation_share"]:
        yield "training.patience needs a validation split; set preprocess.validation_share"
    if settings["initial_weights"] and settings["model"] != "network":
        yield f"training.initial_weights: model {settings['model']} does not start from any"
    if rungs and settings["model"] == "network" and rungs[-1] >= settings["epochs"]:
        yield f"selection.rungs: a wedge has only {settings['epochs']} epochs; rungs must be fewer"
    every = settings["epochs_per_evaluation"]
    for rung in [rung for rung in rungs if rung % every][:1]:
        judged = f"no multiple of training.epochs_per_evaluation ({every}): nothing is judged then"
        yield f"selection.rungs: {rung} is {judged}"
