"""Ask Geokiln for files from a Python Script TOP node, and hand them on as output files of its work item.

    import sys
    sys.path.append("/shared/geokiln/houdini")
    import submit

    submit.build(work_item, "/shared/pond", config={"training": {"epochs": work_item.attribValue("epochs")}})

docs/houdini.md says how. It runs in Houdini's own Python (3.9 and newer), in the session or in a job of a scheduler.
"""

import collections
import json
import os
import subprocess

GEOKILN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "geokiln")
OF_HOUDINIS_PYTHON = ("PYTHONHOME", "PYTHONPATH")  # another Python finds wrong modules there, or none
LIBRARIES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
LAST_LINES = 30  # of Geokiln's that an error shows
GEOMETRY = (".geo", ".bgeo", ".bgeo.sc")


def build(work_item, directory, targets=("model.onnx", "predictions/all.npz"), config=None, flags=(), environment=None):
    """Build *targets* in a project, and add them to the output files of *work_item*.

    Parameters
    ----------
    work_item : pdg.WorkItem, or pdgjson.WorkItem in a job
        What the node's script calls by this name.
    directory : str
        The project's folder.
    targets : sequence of str
        Files of the project. A sidecar (``shapes/stir/bgeo.sc.json``) brings the files that it speaks for.
    config : dict
        Values over those of the project's config.yaml: section -> key -> value.
    flags : sequence of str
        More flags, such as ``--workflow-profile=hqueue``.
    environment : dict
        More environment variables.

    Raises
    ------
    RuntimeError
        If Geokiln fails, with its last lines: so the work item fails, too.
    """
    words = [GEOKILN, f"--directory={directory}", *flags]
    if config:
        words += ["--config", *(f"{section}={json.dumps(values)}" for section, values in config.items())]
    last = collections.deque(maxlen=LAST_LINES)
    own = {**without_houdinis_python(os.environ), **(environment or {})}
    geokiln = subprocess.Popen(
        [*words, "--", *targets], env=own, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        encoding="utf-8", errors="replace",
    )  # fmt: skip
    try:
        for line in geokiln.stdout:
            print(line, end="", flush=True)
            last.append(line)
    except BaseException:
        geokiln.terminate()
        raise
    finally:
        failed = geokiln.wait()
    if failed:
        raise RuntimeError(f"Geokiln could not build {', '.join(targets)} in {directory}:\n{''.join(last)}")
    for path in with_files_of_sidecars(directory, targets):
        work_item.addOutputFile(path, tag(path))


def without_houdinis_python(environment):
    """Return environment variables for a Python that is not Houdini's; hython still finds all it needs."""
    kept = {name: value for name, value in environment.items() if name not in OF_HOUDINIS_PYTHON}
    for name in LIBRARIES:
        if kept.get(name) and kept.get("HFS"):
            folders = kept[name].split(os.pathsep)
            inside = os.path.join(kept["HFS"], "")
            kept[name] = os.pathsep.join(folder for folder in folders if not folder.startswith(inside))
    return kept


def with_files_of_sidecars(directory, targets):
    """Return the paths of targets, each sidecar followed by the files that it speaks for."""
    for target in targets:
        path = os.path.join(os.path.abspath(directory), target)
        yield path
        if path.endswith(".json"):
            with open(path, encoding="utf-8") as file:
                files = json.load(file)["made_from"]["files"]
            yield from (os.path.join(os.path.dirname(path), os.path.basename(name)) for name in files)


def tag(path):
    """Return the file tag of a path, as TOPs call them.

    >>> tag("shapes/stir/prediction.0001.bgeo.sc"), tag("model.onnx")
    ('file/geo', 'file/onnx')
    """
    return "file/geo" if path.endswith(GEOMETRY) else "file/" + os.path.splitext(path)[1].lstrip(".")
