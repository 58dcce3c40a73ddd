import numpy as np
import pytest

from geokiln.errors import UserError
from geokiln.export.parity import check_parity


def refusal(case, *expected):
    """The sentence with which the model is refused; *expected* is PyTorch's answer, a batch after the other."""
    batches = [(case.inputs, outputs) for outputs in expected]
    with pytest.raises(UserError) as error:
        check_parity(case.model(), batches, case.metadata["outputs"])
    return str(error.value)


@pytest.mark.parametrize(
    ("batch", "column", "value", "component"),
    [(0, 0, 99.0, "displacement"), (1, 5, 99.0, "displacement"), (1, 6, 99.0, "force"), (0, 6, np.nan, "force")],
)
def test_the_component_that_differs_or_is_not_finite_in_any_batch_is_named(batch, column, value, component, case):
    made = case()
    expected = [made.predictions(), made.predictions()]
    expected[batch][3, column] = value

    sentence = refusal(made, *expected)

    assert sentence.startswith(f"the exported model differs from PyTorch in target '{component}' by ")
    assert sentence.endswith(" of its largest value; at most 1e-05 is allowed, so it was not written")


def test_a_small_component_is_not_hidden_by_a_large_one(case):
    made = case()
    expected = made.predictions()
    expected *= np.float32([1 + 1e-7] * 6 + [1 + 1e-4])

    sentence = refusal(made, expected)

    assert "'force' by 1.0e-04" in sentence


def test_a_component_that_is_zero_everywhere_is_compared_absolutely(case):
    made = case(hidden_layers=0)
    for array in (made.basis["basis"], made.basis["target_mean"]):
        array[..., 6] = 0
    expected = made.predictions()

    difference = check_parity(made.model(), [(made.inputs, expected)], made.metadata["outputs"])
    made.basis["target_mean"][6] = 1.5e-5

    assert difference <= 1e-5
    assert "'force' by 1.5e-05" in refusal(made, expected)


def test_a_model_that_does_not_run_is_told(case):
    made = case()

    with pytest.raises(UserError, match="^onnxruntime cannot run the exported model: "):
        check_parity(made.model(), [(made.inputs[:, :3], made.predictions())], made.metadata["outputs"])


def test_coefficients_are_compared_after_reconstruction_by_the_basis(case):
    made = case()
    model, pairs = made.model(coefficients=True), [(made.inputs, made.predictions())]

    difference = check_parity(model, pairs, made.metadata["outputs"], basis=made.basis)
    wrong = {**made.basis, "basis": made.basis["basis"] * np.float32([1] * 6 + [1.001])}

    assert difference <= 1e-5
    with pytest.raises(UserError, match="^the exported model differs from PyTorch in target 'force' by "):
        check_parity(model, pairs, made.metadata["outputs"], basis=wrong)
