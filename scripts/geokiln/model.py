"""The network: K stacked multilayer perceptrons, one per wedge, as batched matrix products."""

import numpy as np
import torch

ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu}


def layer_shapes(n_in, n_out, hidden_layers, hidden_width):
    """Return (fan in, fan out) of each layer; no hidden layer makes a linear map.

    >>> layer_shapes(9, 32, 2, 64)
    [(9, 64), (64, 64), (64, 32)]
    """
    widths = [n_in, *[hidden_width] * hidden_layers, n_out]
    return list(zip(widths[:-1], widths[1:]))


class StackedNetwork:
    """K networks of the same shape with a leading wedge axis; K = 1 is a single network.

    All parameters of a wedge stand in one row of ``parameters`` (K, n_parameters): per layer the weight
    (fan in, fan out), then the bias (fan out,). One tensor keeps optimizer steps and snapshots to a few operations.
    """

    def __init__(self, shapes, activation, seeds):
        self.shapes = shapes
        self.activation = ACTIVATIONS[activation]
        self.sizes = [size for fan_in, fan_out in shapes for size in (fan_in * fan_out, fan_out)]
        self.parameters = torch.stack([self._initial(seed) for seed in seeds])

    def _initial(self, seed):
        """Draw the initial parameters of one wedge as torch.nn.Linear does: uniform within 1 / sqrt(fan in)."""
        generator = torch.Generator().manual_seed(seed)
        pieces = []
        for fan_in, fan_out in self.shapes:
            bound = fan_in**-0.5
            for size in (fan_in * fan_out, fan_out):
                pieces.append(torch.rand(size, generator=generator) * 2 * bound - bound)
        return torch.cat(pieces)

    @property
    def is_weight(self):
        """Float mask (n_parameters,): 1 for weights, 0 for biases; weight decay leaves biases alone."""
        return torch.cat([torch.full((size,), float(i % 2 == 0)) for i, size in enumerate(self.sizes)])

    def layers(self, parameters):
        """Return [(weight (K, fan in, fan out), bias (K, 1, fan out)), ...] as views of *parameters*."""
        pieces = parameters.split(self.sizes, dim=1)
        return [
            (weight.unflatten(1, shape), bias.unsqueeze(1))
            for shape, weight, bias in zip(self.shapes, pieces[::2], pieces[1::2])
        ]

    def __call__(self, inputs, parameters=None):
        """Return outputs (K, batch, n_out) for inputs (K, batch, n_in), or (batch, n_in) shared by all wedges."""
        layers = self.layers(self.parameters if parameters is None else parameters)
        values = inputs.expand(len(self.parameters), -1, -1) if inputs.dim() == 2 else inputs
        for number, (weight, bias) in enumerate(layers):
            values = torch.baddbmm(bias, values, weight)
            if number < len(layers) - 1:
                values = self.activation(values)
        return values


def named_weights(network, wedge):
    """Return the parameters of one wedge: {"layers.0.weight": (fan in, fan out) array, "layers.0.bias": ..., ...}."""
    weights = {}
    for number, (weight, bias) in enumerate(network.layers(network.parameters[wedge : wedge + 1])):
        weights[f"layers.{number}.weight"] = np.ascontiguousarray(weight[0].numpy())
        weights[f"layers.{number}.bias"] = np.ascontiguousarray(bias[0, 0].numpy())
    return weights


def predict_physical(weights, activation, basis, inputs):
    """Return raw targets (n, n_out) for raw inputs (n, n_in) of one trained wedge, in float32 by PyTorch.

    Standardisation and PCA reconstruction are part of it: what the exported model is compared with.
    """
    names = "input_mean", "input_scale", "target_mean", "basis"
    input_mean, input_scale, target_mean, directions = (torch.from_numpy(basis[name]) for name in names)
    values = (torch.from_numpy(np.array(inputs)) - input_mean) / input_scale
    last = len(weights) // 2 - 1
    for number in range(last + 1):
        weight, bias = (torch.from_numpy(weights[f"layers.{number}.{part}"]) for part in ("weight", "bias"))
        values = torch.addmm(bias, values, weight)
        if number < last:
            values = ACTIVATIONS[activation](values)
    return torch.addmm(target_mean, values, directions).numpy()
