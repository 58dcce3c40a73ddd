"""A mistake ends in a sentence that names it, before any job where that can be; the sentences have unit tests."""


def test_all_mistakes_of_a_config_are_named_in_one_message_before_any_job(fresh_ripple):
    fresh_ripple.configure(training={"epochs": "many"}, generator={"file": "nowhere.py"}, wedges={"hiden_layers": [1]})

    output = fresh_ripple.snakemake("predictions/all.npz", fails=True)

    assert "Geokiln: config.yaml: 3 mistakes\n" in output and "Traceback" not in output
    for sentence in (
        "  generator.file: nowhere.py does not exist in ",
        "  training.epochs: 'many' is not an integer",
        "  wedges.hiden_layers: unknown hyperparameter; did you mean hidden_layers?",
    ):
        assert sentence in output
    assert not (fresh_ripple / "geometry").exists()


def test_a_generator_that_breaks_its_contract_is_told_how(fresh_ripple):
    fresh_ripple.edit("generator.py", '"height": item', '"height": np.nan * item')

    output = fresh_ripple.snakemake("dataset/examples.json", fails=True)

    assert "cook(item 0): target 'height' has 33 of 33 values that are not" in output
    assert not (fresh_ripple / "dataset/examples.json").exists()


def test_targets_that_no_rule_makes_and_a_folder_that_cannot_be_written_are_told(fresh_ripple, read_only):
    absolute = fresh_ripple.snakemake("-n", str(fresh_ripple / "model.onnx"), fails=True)
    misspelt = fresh_ripple.snakemake("prediction/all.npz", "batches/0-7.npz", fails=True)
    read_only(fresh_ripple.folder)
    closed = fresh_ripple.snakemake("-n", "model.onnx", fails=True)

    assert f"Geokiln: {fresh_ripple / 'model.onnx'}: targets are relative to the project; write model.onnx" in absolute
    assert "Geokiln: prediction/all.npz: there is no such target; did you mean predictions/all.npz?" in misspelt
    assert f"Geokiln: {fresh_ripple.folder} cannot be written; results go there: copy the project to" in closed


def test_what_is_said_on_the_command_line_and_in_files_is_read_as_the_config_is(fresh_ripple):
    fresh_ripple.edit("generator.py", "def cook(item):", "def cook(item):\n    print(item.parameters)")
    (fresh_ripple / "short.yaml").write_text("generator: {parameters: {limit: 1e-3}}")
    (fresh_ripple / "mine").mkdir()
    (fresh_ripple / "mine/profile.yaml").write_text("config: {generator: {parameters: {limit: 1e-2, gain: 4}}}")
    given = ["--config", "generator={parameters: {gain: 3}}", "--configfile", "short.yaml", "-c1"]

    fresh_ripple.snakemake(*given, "--", "dataset/examples.json")
    both = {path.read_text().splitlines()[0] for path in (fresh_ripple / "logs/cook_batch").glob("*.log")}
    fresh_ripple.snakemake("--workflow-profile", "mine", "-c1", "dataset/examples.json")
    profile = {path.read_text().splitlines()[0] for path in (fresh_ripple / "logs/cook_batch").glob("*.log")}

    assert both == {"{'gain': 3, 'limit': 0.001}"}
    assert profile == {"{'gain': 4, 'limit': 0.01}"}


def test_the_model_of_an_epoch_that_is_never_kept_is_refused_before_any_job(fresh_ripple):
    output = fresh_ripple.snakemake("wedges/hidden_layers-1/epoch-20.onnx", fails=True)

    assert "Geokiln: wedges/hidden_layers-1/epoch-20.onnx cannot be made: training.snapshots is null" in output
    assert not (fresh_ripple / "geometry").exists()


def test_a_script_of_wedges_that_ends_the_process_ends_the_run_with_its_name(fresh_ripple):
    (fresh_ripple / "mine.py").write_text("import sys\n\ndef wedges(wedges, settings):\n    sys.exit(0)\n")
    fresh_ripple.configure(wedges=[{"script": "mine.py"}])

    output = fresh_ripple.snakemake("predictions/all.npz", fails=True)

    assert "mine.py: wedges called sys.exit(0)\n" in output
