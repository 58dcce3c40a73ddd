import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from geokiln.errors import UserError
from geokiln.planning.building import build_environment, failure_reason, make_environment

# Of no requirements, so that no network is needed.


def test_a_virtualenv_is_made_anew_whose_mark_starts_its_interpreter_wherever_it_is(write):
    write("plain-1/lib/left_over.py", "")

    build_environment("plain-1", sys.executable)

    assert not Path("plain-1/lib/left_over.py").exists()
    assert Path("plain-1/python").read_text() == '#!/bin/sh\nexec "$(dirname "$0")/bin/python" "$@"\n'
    os.rename("plain-1", "moved")
    program = "import sys; print(sys.prefix, *sys.argv[1:])"
    done = subprocess.run(["moved/python", "-c", program, "a b"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{os.path.realpath('moved')} a b\n"


def test_packages_come_from_a_folder_of_wheels_and_modules_are_copied(write, monkeypatch):
    """Nothing is asked of a network: pip is told of an index that is not there."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    Path("wheels").mkdir()
    with zipfile.ZipFile("wheels/tools-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tools.py", "X = 1\n")
        wheel.writestr("tools-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tools\nVersion: 1.0\n")
        wheel.writestr("tools-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("tools-1.0.dist-info/RECORD", "")
    write("code/noise.py", "Y = 2\n")
    write("lib/rig/pose.py", "Z = 3\n")

    build_environment("plain-1", sys.executable, packages=["tools==1.0"], modules=["./code/noise.py", "./lib/rig"],
                      wheels="wheels")  # fmt: skip

    program = "import tools, noise, rig.pose; print(tools.X, noise.Y, rig.pose.Z)"
    done = subprocess.run(["plain-1/python", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "1 2 3\n"
    with pytest.raises(UserError) as error:
        build_environment("plain-2", sys.executable, packages=["tools==2.0"], wheels="wheels")
    assert str(error.value) == (
        "environments.plain could not be installed from wheels: ERROR: No matching distribution found for tools==2.0 "
        "(the newest are 1.0)"
    )


@pytest.mark.parametrize(
    ("requirements", "interpreter", "word"),
    [("./no-such-package", sys.executable, "no-such-package"), ("", "/no/python", "/no/python")],
    ids=["pip", "virtualenv"],
)
def test_a_failure_gives_one_sentence_with_file_and_reason_and_leaves_no_mark(
    requirements, interpreter, word, write, capsys
):
    file = write("envs/plain.txt", requirements)

    with pytest.raises(UserError) as error:
        build_environment("plain-1", interpreter, file)

    sentence, reason = str(error.value).split(": ", 1)
    assert sentence == f"{file} could not be installed"
    assert word in reason and reason in capsys.readouterr().out
    assert not Path("plain-1/python").exists()


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("cook", "numpy"),
        ("train", "torch, safetensors, threadpoolctl, onnx, onnxruntime"),
        ("predict", "numpy, onnxruntime"),
    ],
)
def test_what_all_jobs_of_its_kind_import_must_be_among_the_requirements(kind, missing, write):
    file = write("mine.txt", "")

    with pytest.raises(UserError) as error:
        build_environment(f"{kind}-1", sys.executable, file)

    assert str(error.value) == f"{file} lacks {missing}; every environment to {kind} needs it: add it there"
    assert not Path(f"{kind}-1/python").exists()


def test_a_broken_one_is_made_again_and_keeps_its_time_and_one_that_is_there_is_left_alone(write, capsys):
    python = Path("envs/plain-1/python")
    how = {"interpreter": sys.executable}
    make_environment(python, **how)
    os.utime(python, ns=(10**18, 10**18))
    make_environment(python, **how)
    said = capsys.readouterr().out
    os.unlink("envs/plain-1/bin/python")

    make_environment(python, **how)

    assert said.endswith("built by another project a moment ago\n")
    assert os.path.exists("envs/plain-1/bin/python") and os.stat(python).st_mtime_ns == 10**18


def test_a_module_with_the_name_of_a_package_is_told(write):
    write("pip.py", "")

    with pytest.raises(UserError) as error:
        build_environment("plain-1", sys.executable, modules=["./pip.py", "./pip"])

    assert str(error.value).startswith("environments.plain: ./pip")


NO_NETWORK = "no package index could be reached; check the network, or point pip at your mirror (pip config)"
FULL = "the disk is full; free some space (of $TMPDIR, too), or move it"
VERSIONS = "ERROR: Could not find a version that satisfies the requirement a==9 (from versions: {})\n{}\n"
NONE = "ERROR: No matching distribution found for a==9"
CONFLICT = """ERROR: Cannot install a and b==2 because these package versions have conflicting dependencies.

The conflict is caused by:
    The user requested b==2
    a 1.0 depends on b<2

To fix this you could try to:
1. loosen the range of package versions you've specified

ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/en/latest/
"""


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("ERROR: a\nERROR: b\n[notice] A new release of pip\n", "ERROR: b"),
        ("something\nRuntimeError: failed to find interpreter\n\n", "RuntimeError: failed to find interpreter"),
        ("\n  \n", "no output"),
        ("WARNING: connection broken by 'Temporary failure in name resolution'\nERROR: No matching a\n", NO_NETWORK),
        ("ERROR: Could not install: [Errno 28] No space left on device\n", FULL),
        ("NewConnectionError: Failed to establish a new connection: [Errno 111]\nERROR: No matching a\n", NO_NETWORK),
        (VERSIONS.format("1.0, 1.1, 1.2, 2.0rc1", NONE), f"{NONE} (the newest are 1.1, 1.2, 2.0rc1)"),
        (VERSIONS.format("none", NONE), NONE),
        (CONFLICT, "these do not go together: The user requested b==2; a 1.0 depends on b<2"),
    ],
)
def test_the_reason_is_the_network_or_the_last_error_or_the_last_line(output, reason):
    assert failure_reason(output, "move it", ".") == reason
