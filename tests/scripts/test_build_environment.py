import os
import subprocess
import sys
from pathlib import Path

from build_environment import main

PYTHON = "environments/cook-1/python"


def arguments(**changes):
    options = {"requirements": "cook.txt", "interpreter": "current", "python": PYTHON, **changes}
    return [word for key, value in options.items() for word in (f"--{key}", value)]


def test_an_environment_is_a_folder_with_an_interpreter_of_its_own(write):
    write("cook.txt", "# nothing, so that no network is needed\n")

    main(arguments())

    program = "import sys; print(sys.prefix)"
    done = subprocess.run([PYTHON, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == os.path.realpath("environments/cook-1")
    assert sorted(os.listdir("environments")) == [".locks", "cook-1"]


def test_requirements_that_cannot_be_installed_end_in_a_sentence(write, failure):
    write("cook.txt", "./no-such-package\n")

    message = failure(main, arguments())

    assert message.startswith("build_environment: cook.txt could not be installed: ERROR: ")
    assert "no-such-package" in message
    assert not Path(PYTHON).exists()


def test_an_environment_that_another_project_built_is_left_alone(write, capsys):
    write(PYTHON, "there")

    main(arguments())

    assert Path(PYTHON).read_text() == "there"
    assert capsys.readouterr().out == "built by another project a moment ago\n"


def test_an_interpreter_that_does_not_exist_ends_in_a_sentence(write, failure):
    write("cook.txt", "")

    message = failure(main, arguments(interpreter="/no/python"))

    expected = "build_environment: environments.python: /no/python does not exist; use current, houdini or a path"
    assert message == expected


def test_houdini_without_hfs_ends_in_a_sentence(failure, monkeypatch):
    monkeypatch.delenv("HFS", raising=False)

    message = failure(main, arguments(interpreter="houdini"))

    assert message == "build_environment: environments.python: houdini needs $HFS; source houdini_setup first"


def test_a_file_that_is_no_interpreter_ends_in_a_sentence(write, failure):
    write("cook.txt", "")
    file = write("python", "#!/bin/sh\nexit 3\n")
    file.chmod(0o755)

    message = failure(main, arguments(interpreter=str(file)))

    assert message.startswith("build_environment: cook.txt could not be installed: ")
    assert not Path(PYTHON).exists()


def test_the_script_needs_nothing_but_the_standard_library():
    scripts = Path(__file__).parents[2] / "scripts"
    program = "import sys, build_environment; print({'numpy', 'yaml', 'jsonschema'} & set(sys.modules))"

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(scripts)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "set()\n"
