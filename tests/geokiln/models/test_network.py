import pytest
import torch

from geokiln.models.activations import ACTIVATIONS
from geokiln.models.network import StackedNetwork, hidden_widths, layer_shapes, network_outputs

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


@pytest.mark.parametrize(
    ("hidden_layers", "expected"),
    [(0, [(3, 2)]), (1, [(3, 8), (8, 2)]), (3, [(3, 8), (8, 8), (8, 8), (8, 2)])],
)
def test_layers_go_from_inputs_over_hidden_units_to_outputs(hidden_layers, expected):
    assert layer_shapes(3, 2, [8] * hidden_layers) == expected


def test_widths_may_be_given_one_by_one(wedge):
    assert hidden_widths(wedge(hidden_widths=[5, 7])) == [5, 7]
    assert StackedNetwork(3, 2, [wedge(hidden_widths=[5, 7])]).shapes == [(3, 5), (5, 7), (7, 2)]


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
@pytest.mark.parametrize("hidden_widths", [[], [6], [6, 6, 5]], ids=str)
@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_outputs_and_gradients_are_those_of_automatic_differentiation(dropout, skip, hidden_widths, activation, wedge):
    settings = {"activation": activation, "hidden_widths": hidden_widths, "skip_connections": skip, "dropout": dropout}
    network = StackedNetwork(6, 3, [wedge(seed=seed, **settings) for seed in range(3)], torch.float64)
    random = torch.Generator().manual_seed(0)
    inputs, direction = (torch.randn(3, 10, n, generator=random, dtype=torch.float64) for n in (6, 3))

    outputs = network(inputs, [torch.Generator().manual_seed(seed) for seed in range(3)])
    network.backward(direction)
    masks = [trace[3] for trace in network._trace[:-1]] if dropout else None
    expected, layers = by_autograd(network, inputs, activation, masks, skip)
    (expected * direction).sum().backward()

    assert torch.allclose(outputs, expected)
    for (weight, bias), (weight_gradient, bias_gradient) in zip(layers, network._gradients, strict=True):
        assert torch.allclose(weight.grad, weight_gradient)
        assert torch.allclose(bias.grad, bias_gradient)
    if dropout and masks:
        assert all(set(mask.unique().tolist()) == {0.0, 1 / 0.6} for mask in masks)


def test_units_are_dropped_in_training_only(wedge):
    network = StackedNetwork(4, 3, [wedge(dropout=0.5, hidden_width=50)])
    inputs = torch.ones(1, 5, 4)
    random = [torch.Generator().manual_seed(0)]

    assert torch.equal(network(inputs), network(inputs))
    assert not torch.equal(network(inputs, random), network(inputs, random))


def test_inputs_that_all_wedges_share_need_no_copies(wedge):
    network = StackedNetwork(4, 3, [wedge(seed=0), wedge(seed=1)])
    inputs = torch.randn(1, 10, 4, generator=torch.Generator().manual_seed(0))

    shared, stacked = network(inputs), network(torch.cat([inputs, inputs]))

    assert shared.shape == (2, 10, 3)
    assert torch.equal(shared, stacked)


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


def test_weights_stand_before_biases(wedge):
    network = StackedNetwork(2, 1, [wedge(hidden_width=3)])
    network.parameters[:, network.n_weights :] = 0

    assert all((bias == 0).all() for _, bias in network.layers)
    assert all((weight != 0).all() for weight, _ in network.layers)
    assert network.parameters.shape[1] == 2 * 3 + 3 + 3 + 1


def test_named_weights_are_those_of_one_wedge_and_can_be_loaded(wedge):
    network = StackedNetwork(4, 3, [wedge(seed=seed, hidden_width=6) for seed in range(3)])

    weights = network.named_weights(network.parameters[1])
    other = StackedNetwork(4, 3, [wedge(seed=9, hidden_width=6)])
    other.load_weights(weights)

    assert list(weights) == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
    assert [array.shape for array in weights.values()] == [(4, 6), (6,), (6, 3), (3,)]
    assert torch.equal(other.parameters[0], network.parameters[1])


@pytest.mark.parametrize("changes", [{"hidden_width": 7}, {"hidden_layers": 2}, {"hidden_layers": 0}], ids=str)
def test_weights_of_another_shape_are_refused(changes, wedge):
    network, other = StackedNetwork(4, 3, [wedge()]), StackedNetwork(4, 3, [wedge(**changes)])

    with pytest.raises(ValueError, match="layers"):
        network.load_weights(other.named_weights(other.parameters[0]))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("skip", [False, True])
def test_outputs_from_named_weights_are_the_networks(skip, activation, wedge):
    settings = wedge(activation=activation, skip_connections=skip, hidden_layers=3)
    network = StackedNetwork(4, 3, [settings])
    inputs = torch.randn(7, 4, generator=torch.Generator().manual_seed(1))

    outputs = network_outputs(settings, network.named_weights(network.parameters[0]), inputs)

    assert torch.allclose(outputs, network(inputs.unsqueeze(0))[0], atol=1e-6)
