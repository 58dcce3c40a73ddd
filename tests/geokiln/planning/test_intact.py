import os
import shutil
import sys
from pathlib import Path

import pytest

from geokiln.planning.intact import WRAPPER, why_broken, why_damaged, write_contents

SITE = "env/lib/python3.11/site-packages"


@pytest.fixture
def environment(write):
    """A small one: a package of two files with what pip notes of it."""
    write(f"{SITE}/torch/__init__.py", "X = 1\n")
    write(f"{SITE}/torch/lib/big.so", "1234567")
    write(f"{SITE}/six.py", "")
    record = ["torch/__init__.py,sha256=a,6", "torch/lib/big.so,sha256=b,7", "torch/old.pyc,,", "../../../bin/t,,"]
    write(f"{SITE}/torch-2.dist-info/RECORD", "\n".join(record))
    write(f"{SITE}/six-1.dist-info/RECORD", "six.py,sha256=c,0\n")
    write("env/bin/t", "")
    os.symlink(sys.executable, "env/bin/python")


@pytest.mark.parametrize("noted", [True, False], ids=["as built now", "as built by earlier versions"])
@pytest.mark.parametrize(
    ("lost", "sentence"),
    [
        ("torch", "torch is missing"),
        ("torch/lib", "torch/lib is missing"),
        ("six.py", "six.py is missing"),
    ],
)
def test_a_name_that_is_gone_from_site_packages_is_told(lost, sentence, noted, environment):
    if noted:
        write_contents("env")
    assert why_broken("env") is why_damaged("env") is None
    path = Path(SITE, lost)
    shutil.rmtree(path) if path.is_dir() else path.unlink()

    assert why_broken("env") == why_damaged("env") == sentence


def test_bytecode_and_what_was_added_since_do_not_count(environment, write):
    write(f"{SITE}/torch/__pycache__/a.pyc", "")
    write_contents("env")
    shutil.rmtree(Path(SITE, "torch/__pycache__"))
    write(f"{SITE}/mine/__init__.py", "")

    assert why_broken("env") is None


def test_an_interpreter_that_is_gone_is_told_with_its_path(environment):
    os.unlink("env/bin/python")
    os.symlink("/opt/hfs/python/bin/python3.11", "env/bin/python")

    assert why_broken("env") == "its interpreter (/opt/hfs/python/bin/python3.11) is gone"


@pytest.mark.parametrize(("text", "mode"), [("", 0o755), (WRAPPER, 0o644)], ids=["empty", "not to be run"])
def test_a_damaged_mark_is_told(text, mode, environment, write):
    write("env/python", WRAPPER).chmod(0o755)
    whole = why_broken("env")
    write("env/python", text).chmod(mode)

    assert (whole, why_broken("env")) == (None, "its file python is damaged")


@pytest.mark.parametrize("text", [None, "12"], ids=["gone", "cut short"])
def test_a_thorough_look_sees_each_file(text, environment, write):
    write_contents("env")
    Path(SITE, "torch/lib/big.so").unlink()
    if text:
        write(f"{SITE}/torch/lib/big.so", text)
    write(f"{SITE}/torch/__init__.py", "X = 1  # longer: somebody mends it in place\n")

    assert why_broken("env") is None
    assert why_damaged("env") == "torch/lib/big.so is missing or cut short"
