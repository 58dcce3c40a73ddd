"""The plugin's flags."""

from dataclasses import dataclass, field

from snakemake_interface_executor_plugins.settings import ExecutorSettingsBase


def _flag(default, text, **metadata):
    return field(default=default, metadata={"help": text, **metadata})


@dataclass
class ExecutorSettings(ExecutorSettingsBase):
    """The flags ``--hqueue-*``; resources ``hqueue_*`` of a rule override those of the same name."""

    server: str | None = _flag(
        None, "URL of the HQueue server, such as http://hqueue:5000.", required=True, env_var=True, type=str
    )
    priority: int = _flag(5, "Priority of the jobs, 0 to 10, where 10 goes first.", type=int)
    tags: str = _flag("", "Tags of the jobs, separated by commas; 'single' asks for a machine of its own.", type=str)
    hosts: str = _flag("", "Machines that may run the jobs, separated by commas.", type=str)
    groups: str = _flag("", "HQueue client groups whose machines may run the jobs, separated by commas.", type=str)
    resources: str = _flag(
        "", "HQueue resources and licences that a job takes, as name=amount items separated by commas.", type=str
    )
    gpu_resource: str = _flag(
        "", "Name of the HQueue resource in which the Snakemake resource gpu is counted; none: not counted.", type=str
    )
    environment: str = _flag(
        "", "More variables for the jobs, as NAME=value, or NAME to pass its value here, separated by commas.", type=str
    )
    submitted_by: str = _flag("", "Who the jobs are said to be from; none: your user name.", type=str)
    max_minutes: int = _flag(
        0, "Minutes after which HQueue cancels a job whose rule has no resource runtime; 0: never.", type=int
    )
    patience: int = _flag(600, "Seconds that the server may be away in mid-run before Snakemake gives up.", type=int)
    timeout: int = _flag(30, "Seconds that one call of the server may take.", type=int)
    output_characters: int = _flag(2000, "How much of a failed job's output the error message shows.", type=int)
