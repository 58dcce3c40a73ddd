import pytest

from geokiln.planning.executor import may_be_named


@pytest.mark.parametrize(
    ("files", "arguments", "expected"),
    [
        ({}, ["-n", "-c2", "--config", "a=e", "--", "-e"], False),
        ({"default/notes.txt": "executor", "profiles/default/profile.yaml": "cores: all"}, [], False),
        ({}, ["-ke", "slurm"], True),
        ({}, ["--prof=x"], True),
        ({}, ["--workflow-profile", "x"], True),
        ({"default": "executor: slurm"}, [], True),
        ({"profiles/default/config.v8+.yaml": "executor: slurm"}, [], True),
        ({"checkout/profiles/default/profile.yaml": "executor: slurm"}, [], True),
    ],
)
def test_snakemake_is_asked_only_where_an_executor_may_be_named(files, arguments, expected, write):
    for path, text in files.items():
        write(path, text)

    assert may_be_named(arguments, "checkout") == expected
