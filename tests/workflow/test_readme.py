"""The README as a new user reads it: its commands run in a fresh checkout, and its picture is the workflow's."""

import re
import subprocess
import sys

from conftest import CHECKOUT

README = (CHECKOUT / "README.md").read_text()


def test_every_command_of_the_readme_works_in_a_fresh_checkout(readme_run):
    project, said = readme_run
    (plan, planned), (build, built), *others = said

    assert len(others) == 2
    assert "making .venv (once)" in planned and "train_pack" in planned
    assert (project / "predictions/all.npz").exists() and (project.folder.parent / "pond/predictions/all.npz").exists()


def test_ci_calls_exactly_the_test_command_of_the_readme():
    assert re.search(r"^\./geokiln test$", README, re.M)
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

    assert len((CHECKOUT / "config.yaml").read_text().splitlines()) < 140
    for section, about in schema["properties"].items():
        assert about["description"].strip()
        for key, inner in about.get("properties", {}).items():
            assert key in config[section], f"{section}.{key}"
            assert inner["description"].strip(), f"{section}.{key}"
