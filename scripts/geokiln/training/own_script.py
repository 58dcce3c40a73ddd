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

import torch

from geokiln.errors import UserError
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

    def model(self, n_in, n_out, settings):
        """Return the user's module, its initial weights drawn from the wedge's seed."""
        torch.manual_seed(settings["seed"])
        module = self._module.call("model", n_in, n_out, settings)
        if not isinstance(module, torch.nn.Module):
            raise UserError(f"{self.path}: model gave {type(module).__name__}; it must give a torch.nn.Module")
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            if tensor.is_floating_point() and tensor.dtype != torch.float32:
                raise UserError(f"{self.path}: model: {name} is {tensor.dtype}; it must be float32")
        self._check_shapes(module, n_in, n_out)
        return module

    def _check_shapes(self, module, n_in, n_out):
        module.eval()
        try:
            with torch.no_grad():
                shape = tuple(module(torch.zeros(2, n_in)).shape)
        except Exception as error:
            raise UserError(f"{self.path}: the model raised {type(error).__name__}: {error}") from error
        if shape != (2, n_out):
            raise UserError(f"{self.path}: the model maps inputs (2, {n_in}) to {shape}; it must be (2, {n_out})")

    def loss(self, outputs, targets):
        """Return the user's loss of one network's outputs (n, n_out)."""
        return self._module.call("loss", outputs, targets)

    def train(self, module, training, validation, settings, record):
        """Let the user train *module*."""
        self._module.call("train", module, training, validation, settings, record)
