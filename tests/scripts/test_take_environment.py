import os
import subprocess
from pathlib import Path

from geokiln.planning.existing import leads_to
from take_environment import main


def test_a_way_to_an_environment_that_is_there_is_made_and_follows_it(write):
    marks = []
    for name in ("one", "two"):
        interpreter = write(f"an environment/{name}", f'#!/bin/sh\necho {name} "$@"\n').absolute()
        interpreter.chmod(0o755)

        main(["--interpreter", str(interpreter), "--python", "envs/cook-1/python"])

        done = subprocess.run(["envs/cook-1/python", "a b"], capture_output=True, text=True, check=True)
        assert done.stdout == f"{name} a b\n" and leads_to("envs/cook-1", interpreter)
        marks.append(Path("envs/cook-1/python").read_text())

    assert marks[0] == marks[1]  # so it is the same file to Snakemake
    assert not leads_to("envs/cook-1", os.path.abspath("an environment/one"))
