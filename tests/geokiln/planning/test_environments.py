import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from geokiln.errors import UserError
from geokiln.planning.environments import build_environment, environment_name, failure_reason

# Names


def test_other_requirements_their_order_or_another_python_make_another_environment(write):
    other = write("python", "#!/bin/sh\necho CPython 3 9\n")
    other.chmod(0o755)
    texts = ["numpy==2.4.6\nlibigl==1", "numpy==2.4.5\nlibigl==1", "libigl==1\nnumpy==2.4.6", ""]

    names = {
        environment_name("cook", write("a.txt", text), python) for text in texts for python in (sys.executable, other)
    }

    assert len(names) == 8


def test_a_name_is_the_kind_and_a_short_hash_wherever_the_file_is(write):
    cook = environment_name("cook", write("a.txt", "numpy==2.4.6"), sys.executable)
    train = environment_name("train", write("elsewhere/other name.txt", "numpy==2.4.6"), sys.executable)

    assert re.fullmatch("cook-[0-9a-f]{10}", cook)
    assert train == cook.replace("cook", "train")


# Building: of no requirements, so that no network is needed


def test_a_virtualenv_is_made_anew_whose_mark_starts_its_interpreter_wherever_it_is(write):
    write("cook-1/lib/left_over.py", "")

    build_environment("cook-1", write("a.txt", ""), sys.executable)

    assert not Path("cook-1/lib/left_over.py").exists()
    assert Path("cook-1/python").read_text() == '#!/bin/sh\nexec "$(dirname "$0")/bin/python" "$@"\n'  # always the same
    os.rename("cook-1", "moved")
    program = "import sys; print(sys.prefix, *sys.argv[1:])"
    done = subprocess.run(["moved/python", "-c", program, "a b"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{os.path.realpath('moved')} a b\n"


@pytest.mark.parametrize(
    ("requirements", "interpreter", "word"),
    [("./no-such-package", sys.executable, "no-such-package"), ("", "/no/python", "/no/python")],
    ids=["pip", "virtualenv"],
)
def test_a_failure_gives_one_sentence_with_file_and_reason_and_leaves_no_mark(
    requirements, interpreter, word, write, capsys
):
    file = write("envs/cook.txt", requirements)

    with pytest.raises(UserError) as error:
        build_environment("cook-1", file, interpreter)

    sentence, reason = str(error.value).split(": ", 1)
    assert sentence == f"{file} could not be installed"
    assert word in reason and reason in capsys.readouterr().out
    assert not Path("cook-1/python").exists()


@pytest.mark.parametrize(
    ("kind", "missing"),
    [("train", "torch, safetensors, threadpoolctl, onnx, onnxruntime"), ("predict", "numpy, onnxruntime")],
)
def test_what_all_jobs_of_its_kind_import_must_be_among_the_requirements(kind, missing, write):
    file = write("mine.txt", "")

    with pytest.raises(UserError) as error:
        build_environment(f"{kind}-1", file, sys.executable)

    assert str(error.value) == f"{file} lacks {missing}; every environment to {kind} needs it: add it there"
    assert not Path(f"{kind}-1/python").exists()


NO_NETWORK = "no package index could be reached; check the network, or point pip at your mirror (pip config)"
FULL = "the disk is full; free some space (of $TMPDIR, too), or move it"


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("ERROR: a\nERROR: b\n[notice] A new release of pip\n", "ERROR: b"),
        ("something\nRuntimeError: failed to find interpreter\n\n", "RuntimeError: failed to find interpreter"),
        ("\n  \n", "no output"),
        ("WARNING: connection broken by 'Temporary failure in name resolution'\nERROR: No matching a\n", NO_NETWORK),
        ("ERROR: Could not install: [Errno 28] No space left on device\n", FULL),
        ("NewConnectionError: Failed to establish a new connection: [Errno 111]\nERROR: No matching a\n", NO_NETWORK),
    ],
)
def test_the_reason_is_the_network_or_the_last_error_or_the_last_line(output, reason):
    assert failure_reason(output, "move it", ".") == reason
