"""Draw the rules of the default job as a mermaid flowchart: python docs/rulegraph.py

Environments are left out: every rule depends on one, and the arrows would hide the data's way.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
HIDDEN = {"build_environment"}


def rulegraph():
    """Return the flowchart of what leads to predictions/all.npz, an arrow per pair of rules."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", CHECKOUT / "Snakefile", "--rulegraph", "mermaid-js"]
    with tempfile.TemporaryDirectory() as project:  # nothing built: the whole way from geometry to predictions
        shutil.copy(CHECKOUT / "config.yaml", project)
        command += ["--directory", project, "--", "predictions/all.npz"]
        drawn = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", drawn))
    edges = [(names[a], names[b]) for a, b in re.findall(r"(id\d+) --> (id\d+)", drawn)]
    kept = sorted(edge for edge in edges if not HIDDEN & set(edge))
    arrows = [f"    {a}[{a.replace('_', ' ')}] --> {b}[{b.replace('_', ' ')}]" for a, b in kept]
    return "\n".join(["flowchart LR", *arrows])


if __name__ == "__main__":
    print(rulegraph())
