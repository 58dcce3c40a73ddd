"""How far a request may go where the number of work items is not known."""

import re
from pathlib import Path

import pytest

from geokiln.errors import UserError
from geokiln.planning.command_line import BEFORE_THE_MANIFEST, check_until

RULES = Path(__file__).parents[3] / "rules"


def test_the_rules_that_lead_to_the_manifest_are_known():
    texts = [(RULES / f"{name}.smk").read_text() for name in ("environments", "geometry", "convert", "work_items")]

    named = re.findall(r"^ *(?:rule|checkpoint|use rule \w+ as) (\w+)(?::| with:)", "\n".join(texts), re.M)

    assert set(named) == BEFORE_THE_MANIFEST


def test_what_the_launcher_makes_first_on_a_farm_is_no_step_too_far():
    check_until(["--until", "import_work_items", "import_unseen", "--", "model.onnx"])

    with pytest.raises(UserError, match="--until cook_batch: that is planned only when the number of work items is"):
        check_until(["--until", "import_work_items", "cook_batch"])
