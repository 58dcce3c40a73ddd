"""Real runs on files of other programs."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from pxr import Usd, UsdGeom

pytestmark = pytest.mark.slow  # they build one more environment where there is none


def test_tables_serve_training_and_unseen_inputs(fresh_ripple):
    random = np.random.default_rng(1)
    runs = {"strength": random.uniform(0.5, 2, 60).astype(np.float32), "time": random.uniform(0, 2, 60)}
    table = pa.table({**runs, "name": [f"run {number}" for number in range(60)]})
    pyarrow.parquet.write_table(table, fresh_ripple / "runs.parquet")
    rows = np.stack([np.full(9, 1.3), np.linspace(0, 2, 9)], 1)
    np.savetxt(fresh_ripple / "film.csv", rows, delimiter=",", header="strength,time", comments="")
    fresh_ripple.configure(
        geometry={"source": "runs.parquet"},
        work_items={"attributes": "* ^name"},
        unseen={"film": {"source": "film.csv", "ground_truth": True}},
        training={"epochs": 20},
        wedges={"hidden_layers": [1]},
    )

    made = fresh_ripple.build()

    assert {"convert_geometry", "convert_unseen"} < made["rules"] and made["cooked"] == 69
    predictions = np.load(fresh_ripple / "predictions/all.npz")
    assert predictions["height"].shape == (9, 33) and np.isfinite(predictions["height"]).all()
    assert fresh_ripple.plan() == {}


def test_an_edited_layer_of_a_stage_converts_it_again(fresh_ripple):
    for name in ("skin", "hand"):
        stage = Usd.Stage.CreateNew(str(fresh_ripple / f"{name}.usda"))
        UsdGeom.Points.Define(stage, f"/{name}").CreatePointsAttr([(0, 0, 0)])
        stage.GetRootLayer().subLayerPaths = ["skin.usda"] if name == "hand" else []
        stage.Save()
    fresh_ripple.configure(geometry={"source": "hand.usda"}, work_items={"element": "point"})
    fresh_ripple.snakemake("geometry/drops.bgeo")
    assert fresh_ripple.plan("geometry/drops.bgeo") == {}

    fresh_ripple.edit("skin.usda", "(0, 0, 0)", "(0, 0, 1)")

    assert fresh_ripple.plan("geometry/drops.bgeo") == {"convert_geometry": 1}
    fresh_ripple.snakemake("geometry/drops.bgeo")
    assert fresh_ripple.plan("geometry/drops.bgeo") == {}
    (fresh_ripple / "skin.usda").unlink()
    said = fresh_ripple.snakemake("geometry/drops.bgeo", fails=True)
    assert "hand.usda is not complete: Could not load sublayer @skin.usda@" in said
