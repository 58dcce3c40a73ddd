import json
from pathlib import Path

import pytest

import publish_wedge
import select_rung
import train_pack


@pytest.fixture
def halve(preprocessed, pack_arguments):
    """A function that trains wedges up to rungs of 5 and 10 epochs, then to their end; one of two goes on."""

    def halve(wedges, changes=None):
        earlier = {}
        for rung in (5, 10, None):
            output = f"rungs/{rung}/pack.json" if rung else "packs/pack.json"
            train_pack.main(pack_arguments(wedges, changes, output, **earlier, **({"rung": str(rung)} if rung else {})))
            if rung:
                select_rung.main(
                    ["--packs", output, "--epochs", str(rung), "--eta", "2", "--output", f"rungs/{rung}.json"]
                )
                earlier = {"earlier": output, "chosen": f"rungs/{rung}.json"}

    return halve


def results(*wedges):
    for wedge in wedges:
        publish_wedge.main(["--pack", "packs/pack.json", "--wedge", wedge, "--folder", f"wedges/{wedge}"])
    return {wedge: json.loads(Path(f"wedges/{wedge}/training.json").read_text()) for wedge in wedges}


RATES = {
    "a": {"learning_rate": 1e-8},
    "b": {"learning_rate": 0.001},
    "c": {"learning_rate": 0.02},
    "d": {"learning_rate": 1e-7},
}


def test_the_best_go_on_and_the_others_keep_what_they_came_to(halve, capsys):
    halve(RATES)

    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("epoch")]
    made = results(*RATES)
    assert lines == [
        "4 trained, 0 reused (a, b, c, d)",
        "2 of 4 wedges go on after 5 epochs: b, c",
        "2 of 2 wedges resumed from epoch 5",
        "2 trained, 0 reused (b, c)",
        "1 of 2 wedges go on after 10 epochs: c",
        "1 of 1 wedges resumed from epoch 10",
        "1 trained, 0 reused (c)",
    ]
    assert {wedge: (made[wedge]["epochs"], made[wedge]["stopped"]) for wedge in made} == {
        "a": (5, "halving"), "b": (10, "halving"), "c": (20, "epochs"), "d": (5, "halving")
    }  # fmt: skip
    assert made["b"]["dropped"] == {"after_epochs": 10, "rank": 2, "of": 2} and "dropped" not in made["c"]
    assert made["a"]["settings"]["epochs"] == 20


def test_a_survivor_ends_as_if_it_had_been_trained_at_once(halve, pack_arguments):
    halve(RATES, {"schedule": "cosine"})
    survivor = results("c")["c"]

    train_pack.main(pack_arguments({"c": RATES["c"]}, {"schedule": "cosine"}, environment="another"))

    assert results("c")["c"]["validation_loss"] == pytest.approx(survivor["validation_loss"], rel=1e-4)


def test_doing_it_again_trains_nothing(halve, capsys):
    halve(RATES)
    capsys.readouterr()

    halve(RATES)

    assert capsys.readouterr().out.count("0 trained") == 3


def test_a_wedge_that_the_store_lost_is_named_and_its_pack_is_made_anew(halve, failure):
    halve(RATES)
    pack = json.loads(Path("rungs/5/pack.json").read_text())
    Path(f".kept/wedges/{pack['wedges']['a']['key']}/training.json").unlink()

    message = failure(
        select_rung.main, ["--packs", "rungs/5/pack.json", "--epochs", "5", "--eta", "2", "--output", "rungs/5.json"]
    )

    assert message == "select_rung: wedge a is no longer in .kept; run again to train it anew"
    assert not Path("rungs/5/pack.json").exists()
