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
