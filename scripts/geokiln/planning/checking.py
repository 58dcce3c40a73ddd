"""All that can be wrong with a project before a job runs, told at once."""

from geokiln.config.contradictions import contradictions, contradictions_of_wedges
from geokiln.config.dataset_mistakes import dataset_mistakes, test_split_mistakes
from geokiln.config.earlier_keys import take_out_earlier_keys
from geokiln.config.file_mistakes import file_mistakes
from geokiln.config.reading import locate, read_yaml
from geokiln.config.schema_mistakes import odd_values, violations, without_violations
from geokiln.config.wedge_mistakes import hyperparameters, wedge_mistakes
from geokiln.config.wedge_script import run_wedge_script
from geokiln.errors import UserError
from geokiln.planning.environments import environment_mistakes
from geokiln.planning.geometry_source import geometry_mistakes
from geokiln.wedges.expansion import expand_wedges


def check_project(config, schema, shipped, checkout):
    """Check all of a *config*, and the files that it names.

    Parameters
    ----------
    config : dict
        As `geokiln.config.reading.complete_config` gives it; keys of earlier versions are taken out.
    schema : dict
    shipped : path
        Geokiln's own config: where a value is wrong, the shipped one stands in for further checks.
    checkout : path
        Where files are looked for that the project does not have.

    Returns
    -------
    dict
        The wedges: name -> {key: value}. A user's script may make them, so they are made once.

    Raises
    ------
    UserError
        One that lists every mistake.
    """
    mistakes = take_out_earlier_keys(config)
    of_wedges = [*odd_values(config.get("wedges"), "wedges"), *wedge_mistakes(config.get("wedges"), schema)]
    mistakes += [*violations(config, schema), *odd_values(config), *of_wedges]
    sound = config
    if mistakes:
        sound = without_violations({**config, **({"wedges": {}} if of_wedges else {})}, schema, read_yaml(shipped))
    for tell in (file_mistakes, geometry_mistakes, environment_mistakes):
        mistakes += tell(sound, checkout)
    if sound["dataset"] == config.get("dataset"):  # what stands in for a part of it would contradict the rest
        mistakes += dataset_mistakes(sound, checkout)
    mistakes += contradictions(sound)
    wedges = {}
    try:
        wedges = _expanded(sound, hyperparameters(schema), checkout)
    except UserError as error:
        mistakes.append(str(error).removeprefix("config.yaml: "))
    mistakes += test_split_mistakes(sound, wedges)
    settings = {**sound["preprocess"], **sound["training"]}
    mistakes += contradictions_of_wedges(({**settings, **one} for one in wedges.values()), sound["selection"]["rungs"])
    if mistakes:
        mistakes = sorted(set(mistakes))
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise UserError(f"config.yaml: {count}\n" + "\n".join(f"  {mistake}" for mistake in mistakes))
    return wedges


def _expanded(config, training, checkout):
    settings = {**config["preprocess"], **config["training"]}

    def run_script(script, wedges, where):
        path = locate(script, checkout)
        if path is None:
            raise UserError(f"{where}.script: {script} does not exist")
        return run_wedge_script(path, wedges, settings, training)

    return expand_wedges(config["wedges"], settings, run_script)
