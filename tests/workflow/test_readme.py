"""The README as a new user reads it: its commands run in a fresh checkout, and its picture is the workflow's."""

import re
import subprocess
import sys

import pytest

from conftest import CHECKOUT, copy_checkout

README = (CHECKOUT / "README.md").read_text()


def commands():
    return "".join(re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S)).splitlines()


@pytest.mark.slow
def test_every_command_of_the_readme_works_in_a_fresh_checkout(tmp_path):
    folder = tmp_path / "checkout"
    folder.mkdir()
    copy_checkout(folder)  # environments for jobs are shared with this one's; .venv is made as by a new user
    run = [line for line in commands() if line != "./geokiln test"]  # that one is running right now: .ci/run calls it

    outputs = {}
    for command in [*run, run[1]]:  # the second one twice
        done = subprocess.run(["bash", "-ec", command], cwd=folder, capture_output=True, text=True)
        outputs[command] = done.stdout + done.stderr
        assert done.returncode == 0, outputs[command]

    assert len(run) == 4
    assert "making .venv (once)" in outputs[run[0]] and "train_wedge" in outputs[run[0]]
    assert "Nothing to be done" in outputs[run[1]]  # the second time
    assert (folder / "predictions/all.npz").exists() and (tmp_path / "pond/predictions/all.npz").exists()


def test_ci_calls_exactly_the_test_command_of_the_readme():
    assert "./geokiln test" in commands()
    assert re.search(r"^\./geokiln test$", (CHECKOUT / ".ci/run").read_text(), re.M)


def test_the_picture_of_the_rules_is_up_to_date():
    drawn = subprocess.run([sys.executable, CHECKOUT / "docs/rulegraph.py"], check=True, capture_output=True, text=True)

    picture = re.search(r"^```mermaid\n(.*?)^```", README, re.M | re.S).group(1)
    assert picture == drawn.stdout, "run python docs/rulegraph.py and put what it prints into README.md"


def test_the_readme_stays_short_and_its_links_lead_somewhere():
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", README)

    assert len(README.splitlines()) < 100
    assert links and all((CHECKOUT / link).exists() for link in links)


def test_every_key_of_the_schema_stands_in_the_shipped_config_with_a_sentence():
    import yaml

    config = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    schema = yaml.safe_load((CHECKOUT / "schemas/config.schema.yaml").read_text())

    assert len((CHECKOUT / "config.yaml").read_text().splitlines()) < 100
    for section, about in schema["properties"].items():
        assert about["description"].strip()
        for key, inner in about.get("properties", {}).items():
            assert key in config[section], f"{section}.{key}"
            assert inner["description"].strip(), f"{section}.{key}"
