import os
import subprocess
import sys
from pathlib import Path

from build_environment import main
from geokiln.planning.intact import WRAPPER

SCRIPTS = Path(__file__).parents[2] / "scripts"
PYTHON = "environments/plain-1/python"
ARGUMENTS = ["--requirements", "plain.txt", "--interpreter", sys.executable, "--python", PYTHON]


def test_an_environment_is_a_folder_with_an_interpreter_of_its_own(write):
    write("plain.txt", "# nothing, so that no network is needed\n")

    main(ARGUMENTS)

    program = "import sys; print(sys.prefix)"
    done = subprocess.run([PYTHON, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == os.path.realpath("environments/plain-1")
    assert sorted(os.listdir("environments")) == [".locks", "plain-1"]


def test_an_environment_that_another_project_built_is_left_alone_by_the_standard_library_alone(write):
    write(PYTHON, WRAPPER).chmod(0o755)
    write("environments/plain-1/bin/python", "")
    program = """if True:
        import sys, build_environment
        build_environment.main(sys.argv[1:])
        print({'numpy', 'yaml', 'jsonschema'} & set(sys.modules))
    """

    done = subprocess.run(
        [sys.executable, "-c", program, *ARGUMENTS],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert Path("environments/plain-1/bin/python").read_text() == ""
    assert done.stdout == "built by another project a moment ago\nset()\n"


def test_an_environment_that_cannot_be_built_ends_in_a_sentence(write, failure):
    write("plain.txt", "./no-such-package\n")

    message = failure(main, ARGUMENTS)

    assert message.startswith("build_environment: plain.txt could not be installed: ERROR: ")
    assert "no-such-package" in message and not Path(PYTHON).exists()


def test_a_folder_that_cannot_be_written_names_the_setting(write, read_only, failure, tmp_path):
    write("plain.txt", "")
    (tmp_path / "environments").mkdir()
    read_only(tmp_path / "environments")

    message = failure(main, ARGUMENTS)

    assert message.startswith(f"build_environment: {tmp_path}/environments/plain-1 cannot be written (")
    assert message.endswith("); set environments.folder of the config to a folder of yours")
