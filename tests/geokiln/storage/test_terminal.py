import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "scripts"
RUN = """if True:
    import subprocess, sys
    from geokiln.storage.terminal import Relay
    Relay("running")
    job = "from geokiln.storage.terminal import is_watched, say; say(f'waiting {is_watched()}')"
    print(subprocess.run([sys.executable, "-c", job], capture_output=True, text=True, check=True).stdout, end="")
"""


@pytest.mark.parametrize("writable", [True, False])
def test_a_run_prints_what_its_jobs_show_and_leaves_nothing(writable, write):
    if not writable:
        write("running", "")  # no folder
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}

    run = subprocess.run([sys.executable, "-c", RUN], env=environment, capture_output=True, text=True, check=True)

    line = "waiting False\n"
    assert run.stdout == line and run.stderr == (f"-c: {line}" if writable else "")
    assert not writable or os.listdir("running") == []
