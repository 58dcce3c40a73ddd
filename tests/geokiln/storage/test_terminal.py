import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "scripts"
RUN = """if True:
    import subprocess, sys
    from geokiln.storage.terminal import Relay
    Relay()
    job = "from geokiln.storage.terminal import is_watched, say; say(f'waiting {is_watched()}')"
    print(subprocess.run([sys.executable, "-c", job], capture_output=True, text=True, check=True).stdout, end="")
"""


@pytest.mark.parametrize("writable", [True, False])
def test_a_run_prints_what_its_jobs_show_and_leaves_nothing(writable, write, tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), "TMPDIR": str(folder)}
    program = RUN if writable else f"import os\nos.open = lambda *words: os.stat('')\n{RUN}"  # a full disk

    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)

    assert run.stdout == "waiting False\n" and run.stderr == ("-c: waiting False\n" if writable else "")
    assert os.listdir(folder) == []
