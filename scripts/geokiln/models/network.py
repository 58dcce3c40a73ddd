"""The built-in network: K stacked multilayer perceptrons, one per wedge, with their gradients written out.

On small networks most of the time of a training is PyTorch's bookkeeping for automatic differentiation. A multilayer
perceptron's gradient is a few lines, so it stands here; a test compares it with PyTorch's own.
"""

from typing import Protocol

import numpy as np
import torch

from geokiln.models.activations import ACTIVATIONS


def hidden_widths(settings):
    """Return the units of each hidden layer: ``hidden_widths``, or ``hidden_layers`` times ``hidden_width``.

    >>> hidden_widths({"hidden_widths": None, "hidden_layers": 2, "hidden_width": 64})
    [64, 64]
    """
    if settings["hidden_widths"] is not None:
        return list(settings["hidden_widths"])
    return [settings["hidden_width"]] * settings["hidden_layers"]


def layer_shapes(n_in, n_out, widths):
    """Return (fan in, fan out) of each layer; no hidden layer makes a linear map.

    >>> layer_shapes(9, 32, [64, 64])
    [(9, 64), (64, 64), (64, 32)]
    """
    widths = [n_in, *widths, n_out]
    return list(zip(widths[:-1], widths[1:]))


class Network(Protocol):
    """What the trainer asks of K networks that are trained together: all that a network of another kind must have.

    `StackedNetwork` is the built-in one, `geokiln.models.module_network.ModuleNetwork` a user's module (K = 1).

    Attributes
    ----------
    parameters, gradient : (K, n_parameters) float32 tensors
        A row for each wedge. `backward` fills ``gradient``; the optimizer then changes ``parameters`` in place.
    n_weights : int
        The first so many numbers of a row are weights, which decay; the others (biases, buffers) do not.
    """

    parameters: torch.Tensor
    gradient: torch.Tensor
    n_weights: int

    def __call__(self, inputs, random=None):
        """Return outputs (K, n, n_out) for standardised inputs (K, n, n_in), or (1, n, n_in) shared by all.

        *random*, K ``torch.Generator``, makes it a training step's pass, of which `backward` is asked next.
        """

    def backward(self, gradient):
        """Fill ``gradient`` (K, n_parameters) from the gradient of the last pass's outputs (K, n, n_out)."""

    def named_weights(self, row):
        """Return one row of parameters (n_parameters,) as arrays by name: what ``weights.safetensors`` holds."""

    def load_weights(self, weights):
        """Start all wedges from named weights; ValueError says which one is missing or odd."""


class StackedNetwork:
    """K multilayer perceptrons of the same shape with a leading wedge axis; K = 1 is a single network.

    Attributes
    ----------
    parameters, gradient : (K, n_parameters)
        All parameters of a wedge stand in one row: the weights (fan in, fan out) of all layers, then the biases. One
        tensor keeps optimizer steps and snapshots to a few operations, and weight decay to a slice.
    n_weights : int
        How many of them are weights.
    """

    def __init__(self, n_in, n_out, wedges, dtype=torch.float32, device="cpu"):
        settings = wedges[0]
        self.shapes = layer_shapes(n_in, n_out, hidden_widths(settings))
        self.activation, self.derivative = ACTIVATIONS[settings["activation"]]
        self.skip, self.dropout = settings["skip_connections"], settings["dropout"]
        self.n_weights = sum(fan_in * fan_out for fan_in, fan_out in self.shapes)
        rows = [_initial(self.shapes, wedge["seed"]) for wedge in wedges]
        self.parameters = torch.stack(rows).to(device, dtype)
        self.gradient = torch.zeros_like(self.parameters)
        self.layers, self._gradients = self._views(self.parameters), self._views(self.gradient)
        self._trace = None

    def _views(self, rows):
        """Return [(weight (K, fan in, fan out), bias (K, 1, fan out)), ...] as views of *rows* (K, n_parameters)."""
        sizes = [fan_in * fan_out for fan_in, fan_out in self.shapes] + [fan_out for _, fan_out in self.shapes]
        pieces = rows.split(sizes, dim=1)
        return [
            (weight.unflatten(1, shape), bias.unsqueeze(1))
            for shape, weight, bias in zip(self.shapes, pieces, pieces[len(self.shapes) :])
        ]

    def __call__(self, inputs, random=None):
        """Return outputs (K, n, n_out) for inputs (K, n, n_in), or (1, n, n_in) shared by all wedges.

        *random*, a generator for each wedge, makes it a training step's pass: units are dropped, and what `backward`
        needs is remembered.
        """
        values, self._trace = inputs.expand(len(self.parameters), -1, -1), []
        last = len(self.layers) - 1
        for number, (weight, bias) in enumerate(self.layers):
            before, mask = values, None
            before_activation = torch.baddbmm(bias, before, weight)
            if number == last:
                values = activated = before_activation
            else:
                values = activated = self.activation(before_activation)
                if self.dropout and random:
                    mask = self._mask(values, random)
                    values = values * mask
                if self.skip and values.shape == before.shape:
                    values = values + before
            if random:
                self._trace.append((before, before_activation, activated, mask))
        return values

    def _mask(self, values, random):
        """Return 0 for dropped units, and for the others what keeps the expected sum (Srivastava et al., 2014)."""
        drawn = torch.stack([torch.rand(values.shape[1:], generator=generator) for generator in random])
        return (drawn >= self.dropout).to(values) / (1 - self.dropout)

    def backward(self, gradient):
        """Fill ``gradient`` from that of the outputs (K, n, n_out) of the last training step's pass."""
        last = len(self.layers) - 1
        for number in range(last, -1, -1):
            before, before_activation, activated, mask = self._trace[number]
            skipped = gradient if self.skip and number < last and before.shape == activated.shape else None
            if mask is not None:
                gradient = gradient * mask
            if number < last:
                gradient = self.derivative(gradient, before_activation, activated)
            for_weight, for_bias = self._gradients[number]
            torch.bmm(before.transpose(1, 2), gradient, out=for_weight)
            torch.sum(gradient, 1, keepdim=True, out=for_bias)
            if number:
                gradient = torch.bmm(gradient, self.layers[number][0].transpose(1, 2))
                if skipped is not None:
                    gradient += skipped

    def named_weights(self, row):
        """Return one row of parameters as arrays: {"layers.0.weight": (fan in, fan out), "layers.0.bias": ..., ...}."""
        weights = {}
        for number, (weight, bias) in enumerate(self._views(row.detach().cpu().unsqueeze(0))):
            weights[f"layers.{number}.weight"] = np.ascontiguousarray(weight[0].numpy())
            weights[f"layers.{number}.bias"] = np.ascontiguousarray(bias[0, 0].numpy())
        return weights

    def load_weights(self, weights):
        """Start all wedges from named weights (see `named_weights`); ValueError says which one is missing or odd."""
        for number, (weight, bias) in enumerate(self.layers):
            for part, tensor in (("weight", weight), ("bias", bias[:, 0])):
                name, shape = f"layers.{number}.{part}", tuple(tensor.shape[1:])
                given = weights.get(name)
                if given is None or given.shape != shape or len(weights) != 2 * len(self.layers):
                    there = f"shape {given.shape}" if given is not None else f"{len(weights) // 2} layers"
                    raise ValueError(f"{name} of shape {shape} is needed, in {len(self.layers)} layers; it has {there}")
                tensor.copy_(torch.from_numpy(given))


def _initial(shapes, seed):
    """Draw the parameters of one wedge as torch.nn.Linear does: uniform within 1 / sqrt(fan in)."""
    generator = torch.Generator().manual_seed(seed)
    weights, biases = [], []
    for fan_in, fan_out in shapes:
        bound = fan_in**-0.5
        weights.append(torch.rand(fan_in * fan_out, generator=generator) * 2 * bound - bound)
        biases.append(torch.rand(fan_out, generator=generator) * 2 * bound - bound)
    return torch.cat(weights + biases)


def network_outputs(settings, weights, inputs):
    """Return the coefficients (n, n_out) for standardised inputs (n, n_in), float32 tensor, of one trained wedge."""
    activation, _ = ACTIVATIONS[settings["activation"]]
    values, last = inputs, len(weights) // 2 - 1
    for number in range(last + 1):
        weight, bias = (torch.from_numpy(weights[f"layers.{number}.{part}"]) for part in ("weight", "bias"))
        before, values = values, torch.addmm(bias, values, weight)
        if number < last:
            values = activation(values)
            if settings["skip_connections"] and values.shape == before.shape:
                values = values + before
    return values
