from pathlib import Path

import pytest
import yaml

from geokiln.geometry.geo_file import write_geo
from geokiln.geometry.geometry import Geometry
from geokiln.planning.project import Project

CHECKOUT = Path(__file__).parents[3]
GENERATOR = """
import helper


def geometry(count, seed, parameters): ...


def unseen(name, count, parameters): ...


def cook(item): ...
"""


@pytest.fixture
def project(write):
    """A function that reads a project of ten items, with what the test lays over: section -> keys."""
    write("generator.py", GENERATOR)
    write("helper.py", "import json")

    def project(command_line=None, **sections):
        config = {
            "generator": {"file": "generator.py"},
            "geometry": {"name": "drops", "count": 10},
            "work_items": {"batch_size": 4},
            "unseen": {"line": {"source": "generator", "count": 3, "ground_truth": True}},
        }
        for section, value in sections.items():
            laid_over = isinstance(value, dict) and section not in ("unseen", "wedges")
            config[section] = {**config.get(section, {}), **value} if laid_over else value
        Path("config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
        return Project(CHECKOUT, command_line or {})

    return project


@pytest.fixture
def generator():
    """The text of the project's generator."""
    return GENERATOR


@pytest.fixture
def poses():
    """poses.geo: five primitives."""
    write_geo("poses.geo", Geometry.from_attributes({"time": [0.0, 1.0, 2.0, 3.0, 4.0]}))
