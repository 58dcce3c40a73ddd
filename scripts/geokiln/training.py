"""Train K stacked networks at once, one per wedge."""

import math
from dataclasses import dataclass

import torch

from geokiln.errors import UserError
from geokiln.model import StackedNetwork, layer_shapes

BETAS, EPSILON = (0.9, 0.999), 1e-8
SHARED = ("hidden_layers", "hidden_width", "activation", "batch_size", "epochs", "epochs_per_evaluation")


@dataclass
class Trained:
    """The result of `train`.

    Attributes
    ----------
    network : StackedNetwork
        Holds each wedge's best parameters: those with the lowest validation loss at an evaluation.
    epochs, best_epoch : list of int
        Per wedge: epochs trained, and the epoch of the best parameters.
    training_loss, validation_loss : list of float
        Per wedge, mean squared errors of standardised coefficients at the best epoch.
    """

    network: StackedNetwork
    epochs: list
    best_epoch: list
    training_loss: list
    validation_loss: list


def train(inputs, targets, validation_inputs, validation_targets, wedges, log=print):
    """Train a network for each of *wedges* by AdamW on the mean squared error.

    Parameters
    ----------
    inputs, targets : float32 tensors (n, n_in), (n, n_coefficients)
        Standardised training examples; likewise the validation examples, of which there is at least one.
    wedges : list of K dicts
        Keys of ``training:`` in the config. Those named in ``SHARED`` must agree, since they give the shape of the
        stack; the others (learning rate, weight decay, seed, schedule, patience) are each wedge's own.

    Returns
    -------
    Trained

    Raises
    ------
    UserError
        If a wedge never had a finite validation loss.
    """
    first = wedges[0]
    if any(wedge[key] != first[key] for wedge in wedges for key in SHARED):
        raise ValueError(f"wedges of one stack must agree in {', '.join(SHARED)}")
    seeds = [wedge["seed"] for wedge in wedges]
    shapes = layer_shapes(inputs.shape[1], targets.shape[1], first["hidden_layers"], first["hidden_width"])
    network = StackedNetwork(shapes, first["activation"], seeds)
    parameters = network.parameters.requires_grad_()
    step = _adamw(parameters, wedges, network.is_weight)
    shuffles = [torch.Generator().manual_seed(seed + 1) for seed in seeds]
    count = len(wedges)
    best = parameters.detach().clone()
    best_loss, best_training = torch.full((count,), math.inf), torch.full((count,), math.inf)
    best_epoch, epochs = torch.zeros(count, dtype=torch.long), torch.zeros(count, dtype=torch.long)
    active = torch.ones(count, dtype=torch.bool)
    patience = torch.tensor([wedge["patience"] or math.inf for wedge in wedges])
    stale = torch.zeros(count)
    batch_size = min(first["batch_size"], len(inputs))
    for epoch in range(1, first["epochs"] + 1):
        total = torch.zeros(count)
        order = torch.stack([torch.randperm(len(inputs), generator=shuffle) for shuffle in shuffles])
        for rows in order.split(batch_size, dim=1):
            losses = (network(inputs[rows]) - targets[rows]).square().mean((1, 2))
            losses.sum().backward()  # each wedge's loss depends on its own row alone
            step(epoch - 1, active)
            total += losses.detach() * rows.shape[1]
        if epoch % first["epochs_per_evaluation"] and epoch < first["epochs"]:
            continue
        with torch.no_grad():
            validation = (network(validation_inputs) - validation_targets).square().mean((1, 2))
        better = (validation < best_loss) & active
        best[better], best_loss[better] = parameters.detach()[better], validation[better]
        best_training[better], best_epoch[better] = total[better] / len(inputs), epoch
        epochs[active] = epoch
        stale = torch.where(better, 0.0, stale + 1)
        active &= stale < patience
        log(f"epoch {epoch}: training loss {_numbers(total / len(inputs))}, validation loss {_numbers(validation)}")
        if not active.any():
            break
    network.parameters = best
    if not torch.isfinite(best_loss).all():
        raise UserError("the training diverged (its loss is not finite); lower training.learning_rate")
    return Trained(network, epochs.tolist(), best_epoch.tolist(), best_training.tolist(), best_loss.tolist())


def _adamw(parameters, wedges, is_weight):
    """Return a function ``step(epoch, active)`` that updates *parameters* (K, n) from their gradient, and clears it.

    AdamW with decoupled weight decay (Loshchilov and Hutter, 2019), the learning rate and decay of each wedge its own.
    A wedge that is not active any more keeps its parameters.
    """
    rates = torch.tensor([[wedge["learning_rate"]] for wedge in wedges])
    decay = torch.tensor([[wedge["weight_decay"]] for wedge in wedges]) * is_weight
    mean, square = torch.zeros_like(parameters), torch.zeros_like(parameters)
    parameters.grad = torch.zeros_like(parameters)
    count = 0

    @torch.no_grad()
    def step(epoch, active):
        nonlocal count
        count += 1
        factors = [schedule(wedge["schedule"], epoch, wedge["epochs"]) for wedge in wedges]
        rate = rates * torch.tensor(factors).unsqueeze(1) * active.unsqueeze(1)
        mean.lerp_(parameters.grad, 1 - BETAS[0])
        square.mul_(BETAS[1]).addcmul_(parameters.grad, parameters.grad, value=1 - BETAS[1])
        scale = (square / (1 - BETAS[1] ** count)).sqrt_().add_(EPSILON)
        parameters.mul_(1 - rate * decay)
        parameters.sub_(rate * (mean / scale) / (1 - BETAS[0] ** count))
        parameters.grad.zero_()

    return step


def schedule(name, epoch, epochs):
    """Return the factor on the learning rate in *epoch* (from 0) of *epochs*.

    >>> schedule("constant", 5, 10), schedule("cosine", 0, 10), round(schedule("cosine", 5, 10), 3)
    (1.0, 1.0, 0.5)
    """
    return 1.0 if name == "constant" else 0.5 * (1 + math.cos(math.pi * epoch / epochs))


def _numbers(values):
    return " ".join(f"{value:.3e}" for value in values.tolist())
