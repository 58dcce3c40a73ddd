"""Keys of the config that earlier versions had: each has a sentence that says what takes its place."""

EARLIER = {
    "generator.outputs": "stands in generator.command now: command: {words: [...], outputs: [...]}",
    "generator.retries": "stands in generator.command now: command: {words: [...], retries: 2}",
    "generator.exit_codes": 'stands in generator.command now: command: {words: [...], exit_codes: {"75": retry}}',
    "geometry.format": "follows from the name now: geometry.name: poses.npz makes a table",
    "work_items.cache": "is an action now: `./geokiln recook` has everything cooked anew by the next request, "
    "`./geokiln check_cooked` names what was never cooked",
    "halving": "stands in selection now: selection: {rungs: [100, 300], eta: 3}",
}
OTHERS = {"time_limit": None, "retries": 0, "exit_codes": {}}  # of a command, so that it can be checked further


def take_out_earlier_keys(config):
    """Take the keys that only earlier versions had out of a *config*, and return a sentence for each."""
    sentences = []
    for path, sentence in EARLIER.items():
        *sections, key = path.split(".")
        section = config.get(sections[0]) if sections else config
        if isinstance(section, dict) and key in section:
            del section[key]
            sentences.append(f"{path}: {sentence}")
    generator = config.get("generator")
    if isinstance(generator, dict) and isinstance(generator.get("command"), list):
        words = generator["command"]
        generator["command"] = {"words": words, "outputs": ["result.npz"], **OTHERS}
        sentences.append(f"generator.command: is a section now: command: {{words: {words}, outputs: [...]}}")
        if generator.get("time_limit"):
            sentences.append(
                "generator.time_limit: is that of Python functions now; a command's is in generator.command"
            )
    return sentences
