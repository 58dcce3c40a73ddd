"""A trained wedge, out of the store into its folder. There may be thousands, so little is imported here."""

from pathlib import Path

from geokiln.errors import UserError
from geokiln.storage.files import read_json
from geokiln.storage.results import read_result
from geokiln.storage.store import Store


def publish_wedge(pack, wedge, files):
    """Let *files* (name -> path) of a trained wedge be links into the store, and return the contents of training.json.

    They are those in the store, with the settings that were asked for: some do not count, and may have been others.

    Parameters
    ----------
    pack : path
        ``packs/{pack}.json``.

    Raises
    ------
    UserError
        If the store does not have the wedge any more. Then the pack's file goes: it vouches for what is not there.
    """
    document = read_result(pack)
    about = document["wedges"][wedge]
    if not Store("wedges").publish(about["key"], files):
        Path(pack).unlink()
        raise UserError(f"wedge {wedge} is no longer in .kept, or damaged there; run again to train it anew")
    result = read_json(files["training.json"])
    asked = {"settings": about["settings"], "recipe": document["recipe"]}
    if "dropped" in about:
        asked |= {"stopped": "halving", "dropped": about["dropped"]}
    return {**result, **asked}
