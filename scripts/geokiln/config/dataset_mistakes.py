"""What is wrong with a dataset that comes from a file, and with the unseen inputs beside it."""

import os

from geokiln.config.reading import locate, reads_dataset
from geokiln.dataset.columns import chosen_columns, column_mistakes, column_names
from geokiln.errors import UserError, listed
from geokiln.raw.blocks import block_mistakes
from geokiln.storage.suffixes import TABLES

NAMED = (*TABLES, ".npz")  # files that name their columns themselves
SPLIT = ("validation_share", "test_share", "split_seed")


def dataset_mistakes(config, checkout):
    """Yield a sentence for each mistake that can be told without reading the numbers; *config* obeys the schema."""
    section, unseen = config["dataset"], config["unseen"]
    if not reads_dataset(config):
        if config["generator"]["file"] is None:
            yield "generator.file: missing; name the Python file that cooks; or in dataset.source a file of examples"
        given = {"targets": section["targets"], "layout.blocks": section["layout"]["blocks"]}
        for key in [key for key, value in given.items() if value]:
            yield f"dataset.{key}: describes a file of examples, but dataset.source is generator; name the file there"
        return
    blocks = section["layout"]["blocks"]
    told = [f"dataset.layout.blocks{mistake}" for mistake in block_mistakes(blocks)] if blocks else []
    yield from told
    if not section["targets"]:
        yield "dataset.targets: missing; name the columns that a model is to predict"
    files = {f"unseen.{name}.source": one["source"] for name, one in unseen.items()}
    names = {}
    for key, path in {"dataset.source": section["source"], **files}.items():
        if path not in ("generator", "test"):
            yield from _mistakes_of_file(key, path, None if told else section, checkout, names)
    yield from _mistakes_of_unseen(config)
    if "dataset.source" in names and section["targets"]:
        yield from _missing_columns(config, names)


def test_split_mistakes(config, wedges):
    """Yield a sentence if *wedges* (name -> own values) have several test splits, and an unseen input is the one."""
    test = [name for name, one in config["unseen"].items() if one["source"] == "test"]
    varied = sorted({key for values in wedges.values() for key in values if key in SPLIT})
    if test and varied and reads_dataset(config):
        yield f"wedges: {varied[0]} gives each wedge another test split, but unseen.{test[0]} is one for all"


def _mistakes_of_unseen(config):
    for name, one in config["unseen"].items():
        if one["source"] == "generator":
            yield f"unseen.{name}.source: dataset.source is a file, so no generator makes it; name a file, or `test`"
        elif one["source"] == "test" and not config["preprocess"]["test_share"]:
            yield f"unseen.{name}.source: test needs a test split; set preprocess.test_share"
        elif one["source"] == "test" and one["ground_truth"] and config["selection"]["by"] == "unseen":
            yield f"selection.by: unseen.{name} is the test split, which nothing is chosen by; name a file there"


def _missing_columns(config, names):
    """Yield a sentence for each file of unseen inputs that lacks columns; *names* are those of each file by its key."""
    section = config["dataset"]
    inputs, targets = chosen_columns(names["dataset.source"], section["inputs"], section["targets"])
    for name, one in config["unseen"].items():
        there = set(names.get(f"unseen.{name}.source", []))
        missing = [column for column in [*inputs, *targets * one["ground_truth"]] if there and column not in there]
        if missing:
            yield f"unseen.{name}.source: {one['source']} lacks {listed(missing)}, which {section['source']} has"


def _mistakes_of_file(key, path, section, checkout, names):
    """Yield what is wrong with one file; *section* is None where its layout is wrong already.

    The names of its columns are noted in *names* where its header tells them.
    """
    if "{" in path or "}" in path:
        yield f"{key}: {path} has braces, which Snakemake reads as wildcards; rename it"
        return
    place, blocks = locate(path, checkout), section and section["layout"]["blocks"]
    if place is None:
        yield f"{key}: {path} does not exist in {os.getcwd()}"
    elif section is None:
        return
    elif blocks and path.lower().endswith(NAMED):
        yield f"{key}: {path} names its columns itself, but dataset.layout.blocks describes a headerless file"
    elif not blocks and not path.lower().endswith(NAMED):
        kinds = ", ".join(NAMED)
        yield f"{key}: {path} is none of {kinds}; of a headerless file, dataset.layout.blocks says what it holds"
    else:
        try:
            found = column_names(place, section["layout"])
        except UserError as error:
            yield str(error)
            return
        names.update({key: found} if found else {})
        if found and section["targets"] and key == "dataset.source":
            for mistake in column_mistakes(found, section["inputs"], section["targets"]):
                yield f"{mistake} ({path})"
