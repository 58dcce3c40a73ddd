"""Optimizers of K stacked networks: the parameters of a network are a row, its learning rate and decay its own.

Each does what the class of the same name in ``torch.optim`` does, on whole tables instead of one network's tensors.
Weight decay acts on weights and not on biases: a row holds the weights first.
"""

from abc import ABC, abstractmethod

import torch


class Optimizer(ABC):
    """What all share: the parameters, the decay, and named tables that make up the state.

    Another optimizer names its ``tables`` and defines ``update(rates)``; ``OPTIMIZERS`` maps its name in the config to
    it. Tables are zeros at first, (K, n) like the parameters, and are saved and taken up with a training's state.
    ``steps`` counts the steps, the present one included.

    Parameters
    ----------
    parameters, gradient : (K, n) tensors
        The gradient is filled before each `step`, which updates the parameters in place.
    n_weights : int
        How many of the n are weights.
    wedges : list of K dicts
        Settings; each wedge's own ``weight_decay``, the shared ``betas``, ``epsilon``, ``momentum``, ``rho``.
    """

    tables = ()

    def __init__(self, parameters, gradient, n_weights, wedges):
        self.parameters, self.gradient = parameters, gradient
        self.weights, self.weight_gradient = parameters[:, :n_weights], gradient[:, :n_weights]
        decay = [wedge["weight_decay"] for wedge in wedges]
        self.decay = torch.tensor(decay, dtype=parameters.dtype).unsqueeze(1) if any(decay) else None
        self.settings = wedges[0]
        self.steps = 0
        self.state = {name: torch.zeros_like(parameters) for name in self.tables}

    def step(self, rates):
        """Update the parameters; *rates* (K, 1) are learning rates, 0 for a network that is to stay as it is."""
        self.steps += 1
        self.update(rates)

    def add_decay_to_gradient(self):
        if self.decay is not None:
            self.weight_gradient.addcmul_(self.weights, self.decay)

    @abstractmethod
    def update(self, rates):
        """Change ``parameters`` (K, n) in place, by ``gradient`` (K, n), which may be used up, and ``state``."""


class Sgd(Optimizer):
    """Stochastic gradient descent with momentum."""

    tables = ("velocity",)

    def update(self, rates):
        self.add_decay_to_gradient()
        change = self.gradient
        if self.settings["momentum"]:
            change = self.state["velocity"].mul_(self.settings["momentum"]).add_(self.gradient)
        self.parameters.sub_(rates * change)


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015); decay is part of the gradient."""

    tables = ("mean", "square")
    decoupled = False

    def update(self, rates):
        (beta1, beta2), mean, square = self.settings["betas"], self.state["mean"], self.state["square"]
        if self.decoupled and self.decay is not None:
            self.weights.mul_(1 - rates * self.decay)
        elif not self.decoupled:
            self.add_decay_to_gradient()
        mean.lerp_(self.gradient, 1 - beta1)
        square.mul_(beta2).addcmul_(self.gradient, self.gradient, value=1 - beta2)
        bias = (1 - beta2**self.steps) ** 0.5
        scale = torch.sqrt(square, out=self.gradient).add_(self.settings["epsilon"] * bias)  # the gradient is used up
        torch.div(mean, scale, out=scale)
        self.parameters.addcmul_(scale, rates, value=-bias / (1 - beta1**self.steps))


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    decoupled = True


class Adadelta(Optimizer):
    """Adadelta (Zeiler, 2012)."""

    tables = ("square", "change")

    def update(self, rates):
        rho, epsilon, square, change = self.settings["rho"], self.settings["epsilon"], *self.state.values()
        self.add_decay_to_gradient()
        square.mul_(rho).addcmul_(self.gradient, self.gradient, value=1 - rho)
        step = (change + epsilon).sqrt_().div_((square + epsilon).sqrt_()).mul_(self.gradient)
        change.mul_(rho).addcmul_(step, step, value=1 - rho)
        self.parameters.sub_(rates * step)


OPTIMIZERS = {"adam": Adam, "adamw": AdamW, "sgd": Sgd, "adadelta": Adadelta}
