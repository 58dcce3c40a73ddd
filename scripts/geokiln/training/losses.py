"""Losses: what is minimised, and its gradient, for K stacked networks at once."""

import torch


def loss_function(settings):
    """Return the function ``loss(outputs, targets)`` of ``training.loss``.

    It takes outputs and targets (K, n, n_coefficients) and returns the mean loss of each network, (K,), and the
    gradient of their sum with respect to the outputs.

    ``mse`` is the mean squared error, ``mae`` the mean absolute error, ``huber`` the quadratic up to
    ``training.huber_delta`` and the linear continuation beyond (Huber, 1964), halved as in PyTorch.
    """
    delta = settings["huber_delta"]

    def mse(outputs, targets):
        error = outputs - targets
        return error.square().mean((1, 2)), error.mul_(2 / error[0].numel())

    def mae(outputs, targets):
        error = outputs - targets
        return error.abs().mean((1, 2)), error.sign_().div_(error[0].numel())

    def huber(outputs, targets):
        error = outputs - targets
        clipped = error.clamp(-delta, delta)
        losses = (clipped * (error - clipped / 2)).mean((1, 2))
        return losses, clipped.div_(error[0].numel())

    return {"mse": mse, "mae": mae, "huber": huber}[settings["loss"]]


def differentiated(loss):
    """Return the same for a user's ``loss(outputs, targets)`` of one network, which PyTorch differentiates.

    It gets (n, n_coefficients) and returns one number.
    """

    def function(outputs, targets):
        outputs = outputs.detach().requires_grad_()
        with torch.enable_grad():
            losses = torch.stack([loss(out, target) for out, target in zip(outputs, targets)])
            gradient = torch.autograd.grad(losses.sum(), outputs)[0] if losses.requires_grad else None
        return losses.detach(), torch.zeros_like(outputs) if gradient is None else gradient

    return function
