import json
from pathlib import Path

import pytest

import select_rung
import train_pack


@pytest.fixture
def halve(preprocessed, pack_arguments):
    """A function that trains wedges up to rungs of 5 and 10 epochs, then to their end; one of two goes on."""

    def halve(wedges, changes=None):
        earlier = {}
        for rung in (5, 10, None):
            output = f"rungs/{rung}/pack.json" if rung else "packs/pack.json"
            train_pack.main(pack_arguments(wedges, changes, output, **earlier, until=str(rung or "end")))
            if rung:
                select_rung.main(
                    ["--packs", output, "--epochs", str(rung), "--eta", "2", "--output", f"rungs/{rung}.json"]
                )
                earlier = {"earlier": output, "chosen": f"rungs/{rung}.json"}

    return halve


RATES = {"a": 1e-8, "b": 0.001, "c": 0.02, "d": 1e-7}
WEDGES = {wedge: {"learning_rate": rate} for wedge, rate in RATES.items()}


def test_the_best_go_on_to_the_end_of_an_undisturbed_training_and_the_others_keep_what_they_came_to(
    halve, pack_arguments, capsys, published
):
    changes = {"schedule": "cosine"}

    halve(WEDGES, changes)
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("epoch")]
    made = {wedge: published(wedge) for wedge in WEDGES}
    halve(WEDGES, changes)
    again = capsys.readouterr().out
    train_pack.main(pack_arguments({"c": WEDGES["c"]}, changes, environment="another"))

    assert lines == [
        "4 trained, 0 reused (a, b, c, d)",
        "2 of 4 wedges go on after 5 epochs: b, c",
        "2 of 2 wedges resumed from epoch 5",
        "2 trained, 0 reused (b, c)",
        "1 of 2 wedges go on after 10 epochs: c",
        "1 of 1 wedges resumed from epoch 10",
        "1 trained, 0 reused (c)",
    ]
    assert again.count("0 trained") == 3
    assert {wedge: (made[wedge]["epochs"], made[wedge]["stopped"]) for wedge in made} == {
        "a": (5, "halving"), "b": (10, "halving"), "c": (20, "epochs"), "d": (5, "halving")
    }  # fmt: skip
    assert made["b"]["dropped"] == {"after_epochs": 10, "rank": 2, "of": 2} and "dropped" not in made["c"]
    assert made["a"]["settings"]["epochs"] == 20
    assert published("c")["validation_loss"] == pytest.approx(made["c"]["validation_loss"], rel=1e-4)


def test_a_wedge_that_the_store_lost_is_named_and_its_pack_is_made_anew(halve, failure):
    halve(WEDGES)
    pack = json.loads(Path("rungs/5/pack.json").read_text())
    Path(f".kept/wedges/{pack['wedges']['a']['key']}/training.json").unlink()

    message = failure(
        select_rung.main, ["--packs", "rungs/5/pack.json", "--epochs", "5", "--eta", "2", "--output", "rungs/5.json"]
    )

    assert message == "select_rung: wedge a is no longer in .kept; run again to train it anew"
    assert not Path("rungs/5/pack.json").exists()
