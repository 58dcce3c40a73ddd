"""The house stays as docs/architecture.md draws it: wings, and the arrows of import that are allowed between them."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "scripts/geokiln"
WINGS = sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists())
FOR_ALL = {"storage", "errors", "user_module", "user_code"}
LEADS_TO = {"errors": set(), "storage": {"errors"}, "user_code": {"errors", "storage"}}
ALLOWED = {
    "planning": {"config", "wedges", "training", "work_items", "geometry"},
    "config": {"wedges", "raw", "dataset"},
    "raw": {"geometry"},
    "dataset": {"raw", "formats"},
    "work_items": {"geometry"},
    "cooking": {"work_items", "geometry"},
    "formats": {"geometry"},
    "training": {"models", "wedges", "export"},  # a user's module is exported before its first epoch
    "export": {"models", "geometry"},
    "prediction": {"models"},
    "api": {"geometry", "raw"},
}


def arrows(source):
    """The modules of the package that a text imports: their first names, wings or modules beside them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and not node.level and node.module.split(".")[0] == "geokiln":
            first = node.module.split(".")[1:2]
            yield from first or [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield "a relative import"
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("geokiln."))


def forbidden(wing, source):
    allowed = {wing, *FOR_ALL, *ALLOWED.get(wing, ())}
    if wing in FOR_ALL:  # what all may use leads back to nobody
        allowed = {wing, *LEADS_TO.get(wing, FOR_ALL)}
    return sorted(set(arrows(source)) - allowed)


def test_the_package_holds_wings_alone_beside_three_modules():
    modules = {path.name for path in PACKAGE.iterdir() if path.name not in (*WINGS, "__pycache__")}

    assert modules == {"__init__.py", "api.py", "errors.py", "user_module.py"}
    assert len(WINGS) == 15


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_arrow_of_import_runs_where_none_is_allowed(path):
    wing = path.relative_to(PACKAGE).parts[0].removesuffix(".py")

    assert forbidden(wing, path.read_text()) == []


@pytest.mark.parametrize(
    ("wing", "source"),
    [
        ("storage", "from geokiln.wedges.expansion import expand_wedges"),
        ("models", "from geokiln import training"),
        ("export", "def late():\n    import geokiln.training.own_script"),
        ("errors", "from geokiln.storage.files import read_json"),
        ("wedges", "from . import nodes"),
    ],
)
def test_a_wrong_import_is_found(wing, source):
    assert forbidden(wing, source)


def test_the_allowed_arrows_form_no_circle():
    def leads_to(wing):
        found = ALLOWED.get(wing, set())
        return found.union(*map(leads_to, found))

    assert not [wing for wing in ALLOWED if wing in leads_to(wing)]


def test_no_array_is_converted_by_calling_the_type():
    """numpy 2.0, which older interpreters have, makes a number of ``np.float64(array)`` if that holds one number."""
    calling = [path.name for path in PACKAGE.rglob("*.py") if "np.float64(" in path.read_text()]

    assert calling == []


def test_the_package_never_imports_snakemake():
    importing = [
        path.name for path in PACKAGE.rglob("*.py") if re.search(r"^\s*(import|from) snakemake", path.read_text(), re.M)
    ]

    assert importing == []
