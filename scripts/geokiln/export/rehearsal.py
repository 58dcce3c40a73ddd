"""A user's module is exported before its first epoch: what ONNX cannot express is told before the training."""

import numpy as np

from geokiln.errors import UserError
from geokiln.export.onnx_graph import export_module
from geokiln.export.parity import runner
from geokiln.models.module_network import module_weights
from geokiln.models.reference import own_module

SIZES = (3, 2, 1)  # of batches; torch.onnx looks at the module with two rows
ALIKE = 1e-3  # of the largest output: this is about models that do not work, the trained one is compared closely


def rehearse_export(own, settings, inputs, n_out):
    """Export a user's module with its initial weights, and compare it with PyTorch for batches of several sizes.

    Parameters
    ----------
    own : geokiln.training.own_script.OwnScript
        With a function ``model``.
    settings : dict
        All keys of ``training:``.
    inputs : (n, n_in) float32 array
        Some standardised inputs.
    n_out : int
        Number of coefficients.

    Raises
    ------
    UserError
        If ONNX cannot express the module, its outputs are random, or an output depends on other rows of its batch;
        names the user's file.
    """
    inputs = np.resize(inputs, (max(SIZES), inputs.shape[1]))
    module = own.model(inputs.shape[1], n_out, settings)
    whole = own.outputs(module, inputs, n_out)

    def check(outputs, sentence):
        largest = np.abs(whole[np.isfinite(whole)]).max(initial=0) or 1.0
        if not np.allclose(outputs, whole[: len(outputs)], rtol=0, atol=ALIKE * largest, equal_nan=True):
            raise UserError(f"{own.path}: {sentence}")

    random = "the model gives other outputs each time for the same inputs, though it is in eval mode"
    check(own.outputs(module, inputs, n_out), random)
    for size in SIZES[1:]:
        mixed = f"its outputs for {size} of {len(whole)} rows are others than for all of them"
        check(own.outputs(module, inputs[:size], n_out), f"the model mixes the rows of a batch: {mixed}")
    again = own_module(own, module_weights(module), inputs.shape[1], n_out, settings)
    drawn = "what it draws at random must be a parameter or a buffer"
    check(own.outputs(again, inputs, n_out), f"model gives another model at each call: {drawn}")
    model = export_module(own, again, inputs.shape[1])
    try:
        run = runner(model)
    except UserError as error:
        raise UserError(f"{own.path}: {error}") from error
    fixed = "sizes and choices of Python code are fixed in it; take sizes from x.shape, and choose by torch.where"
    for size in SIZES:
        try:
            outputs = run(inputs[:size])
        except UserError as error:
            failing = f"the exported model does not run for a batch of {size}"
            raise UserError(f"{own.path}: {failing}: {fixed} ({error})") from error
        check(outputs, f"the exported model differs from PyTorch for a batch of {size}: {fixed}")
