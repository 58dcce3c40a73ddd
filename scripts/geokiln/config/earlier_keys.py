"""Keys of the config that earlier versions had: each has a sentence that says what takes its place."""

import sys

EARLIER = {
    "generator.outputs": "stands in generator.command now: command: {words: [...], outputs: [...]}",
    "generator.retries": "stands in generator.command now: command: {words: [...], retries: 2}",
    "generator.exit_codes": 'stands in generator.command now: command: {words: [...], exit_codes: {"75": retry}}',
    "geometry.format": "follows from the name now: geometry.name: poses.npz makes a table",
    "work_items.cache": "is an action now: `./geokiln recook` has everything cooked anew by the next request, "
    "`./geokiln check_cooked` names what was never cooked",
    "halving": "stands in selection now: selection: {rungs: [100, 300], eta: 3}",
}
OF_COMMAND = {"outputs": [], "time_limit": None, "retries": 0, "exit_codes": {}}  # where no more is said


def take_out_earlier_keys(config):
    """Take the keys that only earlier versions had out of a *config*, and return a sentence for each.

    A command that is a list, with its other keys beside it, is still understood; a line on stderr says how to write it.
    """
    generator = config.get("generator")
    if isinstance(generator, dict) and isinstance(generator.get("command"), list):
        others = {key: generator.pop(key, value) for key, value in OF_COMMAND.items()}
        generator.update(command={"words": generator["command"], **others}, time_limit=None)
        print("Geokiln: config.yaml: generator.command is a section now: command: {words: [...], outputs: [...]}, "
              "with time_limit, retries and exit_codes; the list is read as such", file=sys.stderr)  # fmt: skip
    sentences = []
    for path, sentence in EARLIER.items():
        *sections, key = path.split(".")
        section = config.get(sections[0]) if sections else config
        if isinstance(section, dict) and key in section:
            del section[key]
            sentences.append(f"{path}: {sentence}")
    return sentences
