"""What Snakemake's own search finds, though the executor's plugin is in another environment."""

import json

import pytest

import read_command_line
from conftest import CHECKOUT

V8 = {"mine/profile.yaml": "executor: slurm", "mine/config.v8+.yaml": "executor: cluster-generic\nslurm-x: 1"}


@pytest.mark.parametrize(
    ("files", "arguments", "environment", "expected"),
    [
        ({}, ["predictions/all.npz"], None, ""),
        ({}, ["-eslurm", "all"], None, "slurm"),
        ({}, ["-ne", "hqueue"], None, "hqueue"),
        ({}, ["--exec=local", "--workflow-profile", "slurm"], None, "local"),
        ({}, ["--workflow-profile=hqueue", "--hqueue-patience", "3", "all"], None, "hqueue"),
        (V8, ["--workflow-profile", "mine"], None, "cluster-generic"),
        (V8, ["--profile", "mine/profile.yaml", "--", "-e", "local"], None, "slurm"),
        (V8, [], "mine", "cluster-generic"),
        (V8, ["--profile", "none"], "mine", ""),
        ({"home/snakemake/lab/config.yaml": "executor: slurm"}, ["--profile", "lab"], None, "slurm"),
        ({"profiles/default/profile.yaml": "executor: slurm"}, [], None, "slurm"),
        ({}, ["--help"], None, ""),
        ({}, ["--profile", "nowhere"], None, ""),  # Snakemake says so
    ],
)  # fmt: skip
def test_flags_profiles_and_the_environment_are_asked(
    files, arguments, environment, expected, tmp_path, write, monkeypatch, capsys
):
    for path, text in files.items():
        write(path, text)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    if environment:
        monkeypatch.setenv("SNAKEMAKE_PROFILE", environment)

    read_command_line.main(["--snakefile", str(CHECKOUT / "Snakefile"), *arguments])

    assert (json.loads(capsys.readouterr().out)["executor"] or "") == expected


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--workflow-profile", "slrum"], "--workflow-profile slrum: there is no such profile; did you mean slurm?"),
        (["-e", "slrum"], "executor slrum: snakemake-executor-plugin-slrum is not installed; did you mean slurm?"),
    ],
)
def test_a_profile_or_executor_that_is_not_there_is_told(arguments, sentence):
    with pytest.raises(SystemExit) as end:
        read_command_line.main(["--snakefile", str(CHECKOUT / "Snakefile"), *arguments])

    assert end.value.code == f"read_command_line: {sentence}"


def test_targets_are_told_from_the_values_of_flags(capsys):
    read_command_line.main(
        ["-n", "--configfile", "a.yaml", "b.yaml", "--directory", "pond", "--", "/x/model.onnx", "all"]
    )

    assert json.loads(capsys.readouterr().out) == {
        "executor": None,
        "folder": "pond",
        "targets": ["/x/model.onnx", "all"],
        "cooks": True,  # as far as it can be told: there is no project
    }


@pytest.mark.parametrize(
    ("project", "options", "cooks"),
    [
        ("generator: {file: generator.py}", [], True),
        ("dataset: {source: t.csv, targets: y}", [], False),
        ("dataset: {source: t.csv, targets: y}", ["--config", "dataset={source: generator}"], True),
        ("generator: {file: generator.py}", ["--configfile", "mine.yaml"], False),
        ("dataset: {source: [", [], True),
    ],
)
def test_a_project_whose_examples_are_in_a_file_cooks_nothing(project, options, cooks, write, capsys):
    write("pond/config.yaml", project)
    write("mine.yaml", "dataset: {source: t.npz, targets: y}")

    read_command_line.main(["-d", "pond", *options, "--", "all"])

    assert json.loads(capsys.readouterr().out)["cooks"] == cooks
