import numpy as np
import pytest
import torch

from geokiln.model import StackedNetwork, layer_shapes, named_weights, predict_physical

ACTIVATIONS = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}


def sequential(network, wedge, shapes, activation):
    """The torch.nn.Sequential with the parameters of one wedge of a stacked network."""
    layers = []
    for (fan_in, fan_out), (weight, bias) in zip(shapes, network.layers(network.parameters.detach()), strict=True):
        linear = torch.nn.Linear(fan_in, fan_out)
        linear.weight = torch.nn.Parameter(weight[wedge].T.clone())
        linear.bias = torch.nn.Parameter(bias[wedge, 0].clone())
        layers += [linear, ACTIVATIONS[activation]()]
    return torch.nn.Sequential(*layers[:-1])


@pytest.mark.parametrize(
    ("hidden_layers", "expected"),
    [(0, [(3, 2)]), (1, [(3, 8), (8, 2)]), (3, [(3, 8), (8, 8), (8, 8), (8, 2)])],
)
def test_layers_go_from_inputs_over_hidden_units_to_outputs(hidden_layers, expected):
    assert layer_shapes(3, 2, hidden_layers, 8) == expected


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("hidden_layers", [0, 1, 3])
def test_a_stack_gives_the_outputs_and_gradients_of_networks_of_torchs_own(hidden_layers, activation):
    shapes = layer_shapes(4, 3, hidden_layers, 6)
    network = StackedNetwork(shapes, activation, [0, 1, 2])
    network.parameters.requires_grad_()
    singles = [sequential(network, wedge, shapes, activation) for wedge in range(3)]
    inputs = torch.randn(3, 10, 4, generator=torch.Generator().manual_seed(0))

    outputs = network(inputs)
    outputs.square().mean((1, 2)).sum().backward()
    expected = [single(inputs[wedge]) for wedge, single in enumerate(singles)]
    for output in expected:
        output.square().mean().backward()

    gradients = network.layers(network.parameters.grad)
    for wedge, single in enumerate(singles):
        assert torch.allclose(outputs[wedge], expected[wedge], atol=1e-6)
        linears = [module for module in single if isinstance(module, torch.nn.Linear)]
        for (weight, bias), linear in zip(gradients, linears, strict=True):
            assert torch.allclose(weight[wedge].T, linear.weight.grad, atol=1e-6)
            assert torch.allclose(bias[wedge, 0], linear.bias.grad, atol=1e-6)


def test_inputs_that_all_wedges_share_need_no_axis_of_theirs():
    network = StackedNetwork(layer_shapes(4, 3, 1, 6), "tanh", [0, 1])
    inputs = torch.randn(10, 4, generator=torch.Generator().manual_seed(0))

    shared, stacked = network(inputs), network(torch.stack([inputs, inputs]))

    assert shared.shape == (2, 10, 3)
    assert torch.equal(shared, stacked)


def test_parameters_may_be_given_from_outside():
    network, other = (StackedNetwork(layer_shapes(4, 3, 1, 6), "tanh", [seed]) for seed in (0, 1))
    inputs = torch.ones(2, 4)

    assert torch.equal(network(inputs, other.parameters), other(inputs))


def test_the_initial_parameters_depend_on_the_seed_alone():
    shapes = layer_shapes(4, 3, 1, 6)
    torch.manual_seed(5)
    first = StackedNetwork(shapes, "tanh", [7, 8])

    torch.manual_seed(6)
    second = StackedNetwork(shapes, "relu", [8, 7, 9])

    assert torch.equal(first.parameters, second.parameters[[1, 0]])
    assert not torch.equal(second.parameters[0], second.parameters[1])


def test_the_initial_parameters_are_spread_as_torchs_are():
    shapes = layer_shapes(16, 400, 1, 400)

    layers = StackedNetwork(shapes, "tanh", [0]).layers(StackedNetwork(shapes, "tanh", [0]).parameters)

    for (fan_in, _), pieces in zip(shapes, layers, strict=True):
        for piece in pieces:
            assert piece.abs().max() <= fan_in**-0.5
            assert piece.std().item() == pytest.approx((3 * fan_in) ** -0.5, rel=0.1)


def test_the_mask_tells_weights_from_biases():
    network = StackedNetwork(layer_shapes(2, 1, 1, 3), "tanh", [0])

    weights, biases = zip(*network.layers(network.is_weight.unsqueeze(0)), strict=True)

    assert all((weight == 1).all() for weight in weights)
    assert all((bias == 0).all() for bias in biases)
    assert len(network.is_weight) == network.parameters.shape[1] == 2 * 3 + 3 + 3 + 1


def test_named_weights_are_those_of_one_wedge():
    shapes = layer_shapes(4, 3, 1, 6)
    network = StackedNetwork(shapes, "tanh", [0, 1, 2])

    weights = named_weights(network, 1)

    layers = network.layers(network.parameters)
    assert list(weights) == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
    assert [array.shape for array in weights.values()] == [(4, 6), (6,), (6, 3), (3,)]
    assert np.array_equal(weights["layers.1.weight"], layers[1][0][1])
    assert np.array_equal(weights["layers.0.bias"], layers[0][1][1, 0])


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("hidden_layers", [0, 2])
def test_physical_predictions_wrap_the_network_in_scaling_and_reconstruction(hidden_layers, activation):
    random = np.random.default_rng(0)
    network = StackedNetwork(layer_shapes(4, 3, hidden_layers, 6), activation, [0, 1])
    basis = {
        "input_mean": random.normal(size=4),
        "input_scale": random.uniform(1, 2, 4),
        "target_mean": random.normal(size=5),
        "basis": random.normal(size=(3, 5)),
    }
    basis = {name: np.float32(array) for name, array in basis.items()}
    inputs = random.normal(size=(7, 4)).astype(np.float32)

    result = predict_physical(named_weights(network, 1), activation, basis, inputs)

    standardised = torch.from_numpy((inputs - basis["input_mean"]) / basis["input_scale"])
    expected = network(standardised)[1].numpy() @ basis["basis"] + basis["target_mean"]
    assert result == pytest.approx(expected, abs=1e-5)
    assert result.dtype == np.float32
