"""Who only looks changes nothing: neither the project nor the checkout, whatever is missing or stale in it."""

import hashlib
import os
import shutil

import pytest

LOOKS = {
    "dry run": ["-n", "predictions/all.npz"],
    "dry run, flags together": ["-nq", "rules", "--", "predictions/all.npz"],
    "dag": ["--dag", "mermaid-js", "--", "predictions/all.npz"],
    "rulegraph": ["--rulegraph", "mermaid-js", "--", "predictions/all.npz"],
    "summary": ["--summary", "predictions/all.npz"],
    "lint": ["--lint"],
}


def contents(folder):
    """Every file of a folder with a digest of its bytes, and its time."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in files}


@pytest.fixture
def damaged(ripple):
    """A finished project that lost files, whose kept wedges are gone, and whose lock a killed Snakemake left."""
    ripple.configure(geometry={"count": 100})
    os.unlink(ripple / "batches/0-31.npz")
    shutil.rmtree(ripple / ".kept/wedges")
    shutil.rmtree(ripple / "wedges/hidden_layers-1")
    (ripple / ".snakemake/locks").mkdir(exist_ok=True)
    (ripple / ".snakemake/locks/0.output.lock").write_text("predictions/all.npz\n")
    return ripple


@pytest.mark.parametrize("state", ["ripple", "damaged"])
def test_looking_leaves_every_byte_as_it_was(state, request, tmp_path):
    project = request.getfixturevalue(state)
    before = contents(project.folder)

    for look, arguments in LOOKS.items():
        project.snakemake(*arguments, fails=None)
        assert contents(project.folder) == before, look

    report = tmp_path / "report.html"
    project.snakemake("--report", str(report), "--", "predictions/all.npz", fails=None)
    assert contents(project.folder) == before, "report"


def test_a_dry_run_shows_what_the_run_then_does(damaged):
    plan = damaged.plan()

    built = damaged.build()

    assert {"train_pack", "publish_wedge", "cook_batch"} <= set(plan)
    assert set(plan) - {"all"} == built["rules"] - {"all"}
    assert damaged.plan() == {}
