"""What a trained wedge predicts, by PyTorch: the reference for its errors, and for the exported file."""

import numpy as np
import torch

from geokiln.errors import UserError
from geokiln.models.module_network import load_module_weights
from geokiln.models.network import network_outputs

ROWS = 4096  # whose hidden values are held at a time


def own_module(own, weights, n_in, n_out, settings):
    """Return the user's module with trained weights, ready to predict; UserError says why they do not fit."""
    module = own.model(n_in, n_out, settings)
    try:
        load_module_weights(module, weights)
    except ValueError as error:
        raise UserError(
            f"{own.path}: the weights do not fit the model that the next call of model gives: {error}"
        ) from None
    return module.eval()


def coefficient_function(settings, weights, n_in, n_out, own=None):
    """Return the function that maps standardised inputs (n, n_in) to coefficients (n, n_out), float32 tensors."""
    if settings["model"] != "network":
        from geokiln.models.regressors import predict  # imports scikit-learn, which networks do without

        return lambda inputs: torch.from_numpy(predict(settings["model"], weights, settings, inputs.numpy()))
    if own and own.has("model"):
        module = own_module(own, weights, n_in, n_out, settings)
        return lambda inputs: own.apply(module, inputs)
    return lambda inputs: network_outputs(settings, weights, inputs)


@torch.no_grad()
def physical_predictions(predict, basis, inputs):
    """Return raw targets (n, n_out) for raw inputs (n, n_in): standardisation and PCA reconstruction are part of it."""
    names = "input_mean", "input_scale", "target_mean", "basis"
    input_mean, input_scale, target_mean, directions = (torch.from_numpy(basis[name]) for name in names)
    outputs = np.empty((len(inputs), len(target_mean)), np.float32)
    for first in range(0, len(inputs), ROWS):
        rows = slice(first, first + ROWS)
        standardised = (torch.from_numpy(np.array(inputs[rows])) - input_mean) / input_scale
        outputs[rows] = torch.addmm(target_mean, predict(standardised), directions).numpy()
    return outputs
