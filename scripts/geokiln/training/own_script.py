"""A user's own training code: one Python file that gives the model, the loss, or the whole training.

==================================================  =========================================================
``model(n_in, n_out, settings)``                    a ``torch.nn.Module`` from standardised inputs (n, n_in) to
                                                    coefficients (n, n_out); without it, the built-in network
``loss(outputs, targets)``                          one number, to be minimised; without it, ``training.loss``
``train(model, training, validation, settings,``    the whole training: leaves its result in the model;
``record)``                                         needs ``model``
==================================================  =========================================================

``settings`` are all keys of ``training:``, the wedge's values laid over. ``training`` and ``validation`` are
`geokiln.training.examples`: ``inputs`` and ``targets`` where they fit into ``training.memory``, and always
``batches(...)``. ``record(epoch, training_loss, validation_loss)`` adds a line to ``losses.csv``.
"""

import numpy as np
import torch

from geokiln.errors import UserError, text_of
from geokiln.user_code.random_state import RANDOM
from geokiln.user_module import UserModule


class OwnScript:
    """The functions of a training script, called with messages that name the file and the function."""

    def __init__(self, path):
        self.path, self._module = path, UserModule(path)
        if not any(map(self.has, ("model", "loss", "train"))):
            raise UserError(f"{path} defines none of model, loss, train; training.script needs one of them")
        if self.has("train") and not self.has("model"):
            raise UserError(f"{path} defines train, but no function model(n_in, n_out, settings), which it needs")

    def has(self, function):
        return self._module.has(function)

    def seed(self, settings):
        """Seed the global random generators, which the user's code may draw from, for the training of a wedge."""
        RANDOM.seed(settings["seed"])

    def model(self, n_in, n_out, settings):
        """Return the user's module, its initial weights drawn from the wedge's seed."""
        self.seed(settings)
        module = self._module.call("model", n_in, n_out, settings)
        if not isinstance(module, torch.nn.Module):
            raise UserError(f"{self.path}: model gave {type(module).__name__}; it must give a torch.nn.Module")
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            if tensor.is_floating_point() and tensor.dtype != torch.float32:
                raise UserError(f"{self.path}: model: {name} is {tensor.dtype}; it must be float32")
        self.outputs(module.eval(), np.zeros((2, n_in), np.float32), n_out)
        return module

    def outputs(self, module, inputs, n_out):
        """Return the outputs (n, n_out) of the user's module for *inputs* (n, n_in), float32 arrays."""
        try:
            with torch.no_grad():
                outputs = self.apply(module, torch.from_numpy(inputs))
            shape, kind = tuple(outputs.shape), outputs.dtype
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"{self.path}: the model raised {type(error).__name__}: {text_of(error)}") from error
        expected = len(inputs), n_out
        if shape != expected:
            raise UserError(f"{self.path}: the model maps inputs {inputs.shape} to {shape}; it must be {expected}")
        if kind != torch.float32:
            raise UserError(f"{self.path}: the model gives {kind}; it must give float32")
        return outputs.numpy()

    def apply(self, module, inputs):
        """Return what the user's module makes of inputs; what it raises is the caller's to tell."""
        return self._module.guard.call(f"{self.path}: the model", module, inputs)

    def export(self, module, *arguments, **named):
        """Let PyTorch export a module in which the user's is called."""
        self._module.guard.call(f"{self.path}: the model", lambda: torch.onnx.export(module, *arguments, **named))

    def loss(self, outputs, targets):
        """Return the user's loss of one network's outputs (n, n_out), a tensor of shape ()."""
        value = self._module.call("loss", outputs, targets)
        if not isinstance(value, torch.Tensor) or value.numel() != 1:
            gave = f"shape {tuple(value.shape)}" if isinstance(value, torch.Tensor) else type(value).__name__
            raise UserError(f"{self.path}: loss gave {gave}; it must give a tensor of one number, such as a mean")
        return value.reshape(())

    def check_loss(self, targets):
        """Call the user's loss once, for outputs of 0, and see that there is something to learn from it."""
        if not self.loss(torch.zeros_like(targets).requires_grad_(), targets).requires_grad:
            cut_off = "item, detach or numpy cuts it off from them, so nothing would be learnt"
            raise UserError(f"{self.path}: loss gave a number that PyTorch cannot trace to the outputs: {cut_off}")

    def train(self, module, training, validation, settings, record):
        """Let the user train *module*."""
        self._module.call("train", module, training, validation, settings, record)
