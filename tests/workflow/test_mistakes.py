"""What users get wrong: each mistake ends in a sentence that names it, before any job where that can be."""

import pytest


@pytest.mark.parametrize(
    ("edit", "sentences"),
    [
        (
            lambda p: p.configure(trainig={"epochs": 3}, training={"epochs": "many", "learning_rate": 0}),
            [
                "config.yaml: 3 mistakes",
                "trainig: unknown key; did you mean training?",
                "training.epochs: 'many' is not an integer",
                "training.learning_rate: 0 is too small",
            ],
        ),
        (lambda p: p.configure(wedges={"hiden_layers": [1]}), ["wedges.hiden_layers", "did you mean hidden_layers?"]),
        (lambda p: p.configure(generator=None), ["generator.file: missing"]),
        (lambda p: p.configure(generator={"file": "nowhere.py"}), ["generator.file: nowhere.py does not exist in"]),
        (lambda p: p.configure(generator={"file": "g{a}.py"}), ["generator.file: g{a}.py has braces"]),
        (lambda p: p.configure(generator={"inputs": ["rest.obj"]}), ["generator.inputs: rest.obj does not exist"]),
        (lambda p: p.configure(geometry={"source": "drops.geo"}), ["source: drops.geo does not exist"]),
        (lambda p: p.edit("generator.py", "def cook(item):", "def cook(item:"), ["generator.py, line 19: "]),
        (
            lambda p: p.edit("generator.py", "def cook", "def cok"),
            ["generator.py defines no function cook", "mean cok?"],
        ),
        (lambda p: (p / "config.yaml").write_text("generator: {file: x.py\n"), ["config.yaml, line 2"]),
        (lambda p: (p / "config.yaml").unlink(), ["config.yaml does not exist; a project is a folder"]),
        (lambda p: p.configure(environments={"cook": "mine.txt"}), ["environments.cook: mine.txt does not exist"]),
        (lambda p: p.configure(environments={"python": "houdini"}), ["environments.python: houdini needs $HFS"]),
        (lambda p: p.configure(unseen={"all": {"source": "generator", "count": 1, "ground_truth": True}}), ["'all'"]),
        (lambda p: p.configure(unseen={"film": {"source": "generator", "ground_truth": True}}), ["count: missing"]),
    ],
)
def test_a_mistake_is_named_before_any_job(fresh_ripple, edit, sentences):
    edit(fresh_ripple)

    output = fresh_ripple.snakemake("predictions/all.npz", fails=True)

    assert "Geokiln: " in output and "Traceback" not in output
    for sentence in sentences:
        assert sentence in output
    assert not (fresh_ripple / "geometry").exists()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"height": item', '"height": np.nan * item', "cook(item 0): target 'height' has 33 of 33 values that are not"),
        (
            "    ring = ",
            "    if item.id == '17':\n        return {'height': np.zeros(5)}\n    ring = ",
            "item 17: target/height",
        ),
        ('return {"height": ', 'return 1 or {"height": ', "cook(item 0) gave int; it must give a dict"),
        ('item["time"]', 'item["tme"]', "item 0 has no attribute 'tme'; it has strength, time"),
        ('return {"strength": random', 'return {"s": random', "item 0 has no attribute 'strength'; it has s, time"),
        ("uniform(0.5, 2.0, count)", "uniform(0.5, 2.0, count + 1)", "differ in length"),
    ],
    ids=["NaN", "odd shape", "not a dict", "attribute", "other attributes", "lengths"],
)
def test_a_generator_that_breaks_its_contract_is_told_how(fresh_ripple, old, new, sentence):
    fresh_ripple.edit("generator.py", old, new)

    output = fresh_ripple.snakemake("dataset/examples.json", fails=True)

    assert sentence in output
    assert not (fresh_ripple / "dataset/examples.json").exists()


def test_an_unseen_input_with_other_attributes_than_the_training_geometry_is_named(fresh_ripple):
    old = 'return {"strength": np.full(count, 1.3), "time"'
    fresh_ripple.edit("generator.py", old, 'return {"extra": np.ones(count), "strength": np.full(count, 1.3), "time"')

    output = fresh_ripple.snakemake("predictions/film.npz", fails=True)

    assert "unseen/film.npz: input 'extra' has shape (), the model was trained with none of that name" in output


def test_a_batch_size_above_the_number_of_items_makes_one_batch_and_says_so(fresh_ripple):
    fresh_ripple.configure(work_items={"batch_size": 500})

    output = fresh_ripple.snakemake("--dry-run", "dataset/examples.json")

    assert (
        "work_items.batch_size: 500 is more than the 96 items of geometry/drops.geo: one job cooks them all" in output
    )
    assert fresh_ripple.plan("dataset/examples.json")["cook_batch"] == 1


def test_an_empty_geometry_file_is_named(fresh_ripple):
    empty = '["fileversion","20.5","pointcount",0,"vertexcount",0,"primitivecount",0]'
    (fresh_ripple / "empty.geo").write_text(empty)
    fresh_ripple.configure(geometry={"source": "empty.geo"})

    assert "empty.geo: the geometry is empty" in fresh_ripple.snakemake("predictions/all.npz", fails=True)
