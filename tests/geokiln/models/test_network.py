import pytest
import torch

from geokiln.models.activations import ACTIVATIONS
from geokiln.models.network import StackedNetwork, network_outputs

FUNCTIONS = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "elu": torch.nn.functional.elu,
    "sigmoid": torch.sigmoid,
    "softplus": torch.nn.functional.softplus,
    "silu": torch.nn.functional.silu,
    "gelu": torch.nn.functional.gelu,
    "sine": torch.sin,
}


def by_autograd(network, inputs, activation, masks, skip):
    """The outputs of a stack, from operations that PyTorch differentiates, and the leaves to differentiate by."""
    layers = [(weight.clone().requires_grad_(), bias.clone().requires_grad_()) for weight, bias in network.layers]
    values = inputs
    for number, (weight, bias) in enumerate(layers):
        before, values = values, values @ weight + bias
        if number < len(layers) - 1:
            values = FUNCTIONS[activation](values)
            values = values * masks[number] if masks else values
            values = values + before if skip and values.shape == before.shape else values
    return values, layers


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    ("hidden_widths", "skip", "dropout"), [([], True, 0.4), ([6], False, 0.0), ([6, 6, 5], True, 0.4)], ids=str
)
def test_outputs_and_gradients_are_those_of_automatic_differentiation(hidden_widths, skip, dropout, activation, wedge):
    settings = {"activation": activation, "hidden_widths": hidden_widths, "skip_connections": skip, "dropout": dropout}
    network = StackedNetwork(6, 5, [wedge(seed=seed, **settings) for seed in range(3)], torch.float64)
    random = torch.Generator().manual_seed(0)
    inputs, direction = (torch.randn(3, 10, n, generator=random, dtype=torch.float64) for n in (6, 5))

    outputs = network(inputs, [torch.Generator().manual_seed(seed) for seed in range(3)])
    network.backward(direction)
    masks = [trace[3] for trace in network._trace[:-1]] if dropout else None
    expected, layers = by_autograd(network, inputs, activation, masks, skip)
    (expected * direction).sum().backward()

    assert torch.allclose(outputs, expected)
    for (weight, bias), (weight_gradient, bias_gradient) in zip(layers, network._gradients, strict=True):
        assert torch.allclose(weight.grad, weight_gradient)
        assert torch.allclose(bias.grad, bias_gradient)
    alone = network_outputs(wedge(**settings), network.named_weights(network.parameters[1].float()), inputs[1].float())
    assert torch.allclose(alone.double(), network(inputs)[1], atol=1e-5)  # nothing is dropped after training
    if dropout and masks:
        assert all(set(mask.unique().tolist()) == {0.0, 1 / 0.6} for mask in masks)


def test_the_initial_parameters_depend_on_the_seed_alone(wedge):
    torch.manual_seed(5)
    first = StackedNetwork(4, 3, [wedge(seed=7), wedge(seed=8)])

    torch.manual_seed(6)
    second = StackedNetwork(4, 3, [wedge(seed=seed, activation="relu") for seed in (8, 7, 9)])

    assert torch.equal(first.parameters, second.parameters[[1, 0]])
    assert not torch.equal(second.parameters[0], second.parameters[1])


def test_the_initial_parameters_are_spread_as_torchs_are(wedge):
    network = StackedNetwork(16, 400, [wedge(hidden_width=400)])

    for (fan_in, _), pieces in zip(network.shapes, network.layers, strict=True):
        for piece in pieces:
            assert piece.abs().max() <= fan_in**-0.5
            assert piece.std().item() == pytest.approx((3 * fan_in) ** -0.5, rel=0.1)


def test_named_weights_are_those_of_one_wedge_and_can_be_loaded(wedge):
    network = StackedNetwork(4, 3, [wedge(seed=seed, hidden_widths=[6, 5]) for seed in range(3)])

    weights = network.named_weights(network.parameters[1])
    other = StackedNetwork(4, 3, [wedge(seed=9, hidden_widths=[6, 5])])
    other.load_weights(weights)

    names = [f"layers.{number}.{part}" for number in range(3) for part in ("weight", "bias")]
    assert list(weights) == names
    assert [array.shape for array in weights.values()] == [(4, 6), (6,), (6, 5), (5,), (5, 3), (3,)]
    assert torch.equal(other.parameters[0], network.parameters[1])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"hidden_width": 7}, r"layers.0.weight of shape \(4, 8\) is needed, in 2 layers; it has shape \(4, 7\)"),
        ({"hidden_layers": 0}, "is needed, in 2 layers; it has shape"),
    ],
    ids=str,
)
def test_weights_of_another_shape_are_refused(changes, sentence, wedge):
    network, other = StackedNetwork(4, 3, [wedge()]), StackedNetwork(4, 3, [wedge(**changes)])

    with pytest.raises(ValueError, match=sentence):
        network.load_weights(other.named_weights(other.parameters[0]))
