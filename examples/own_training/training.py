"""A whole training of one's own: what the built-in one does, in plain PyTorch, to start from.

    training: {script: training.py}

It is the built-in network and training for the settings that it reads; with the same settings it has the same losses.
Change what you like. Keep the three functions' names and what they take: Geokiln calls those that are there.
"""

import copy
import math

import torch

ACTIVATIONS = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU, "silu": torch.nn.SiLU}


def model(n_in, n_out, settings):
    """Return the network: standardised inputs (n, n_in) to coefficients (n, n_out)."""
    widths = [n_in, *[settings["hidden_width"]] * settings["hidden_layers"], n_out]
    random = torch.Generator().manual_seed(settings["seed"])
    layers = []
    for fan_in, fan_out in zip(widths[:-1], widths[1:]):
        linear = torch.nn.Linear(fan_in, fan_out)
        with torch.no_grad():
            linear.weight.copy_(uniform(fan_in * fan_out, fan_in, random).view(fan_in, fan_out).T)
            linear.bias.copy_(uniform(fan_out, fan_in, random))
        layers += [linear, ACTIVATIONS[settings["activation"]]()]
    return torch.nn.Sequential(*layers[:-1])


def uniform(size, fan_in, random):
    bound = fan_in**-0.5
    return torch.rand(size, generator=random) * 2 * bound - bound


def loss(outputs, targets):
    """Return what is minimised, one number."""
    return (outputs - targets).square().mean()


def train(model, training, validation, settings, record):
    """Train *model* in place.

    ``training`` and ``validation`` have ``inputs`` (n, n_in) and ``targets`` (n, n_out), and ``batches(batch_size,
    random)``, which yields shuffled batches of both. ``validation`` is None if nothing is held out.
    """
    weights = [tensor for tensor in model.parameters() if tensor.dim() > 1]
    biases = [tensor for tensor in model.parameters() if tensor.dim() == 1]
    groups = [{"params": weights, "weight_decay": settings["weight_decay"]}, {"params": biases, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=settings["learning_rate"])
    random = torch.Generator().manual_seed(settings["shuffle_seed"] + 1)
    best, best_loss, stale = copy.deepcopy(model.state_dict()), math.inf, 0
    for epoch in range(1, settings["epochs"] + 1):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(settings, epoch - 1)
        total = 0.0
        model.train()
        for inputs, targets in training.batches(settings["batch_size"], random):
            optimizer.zero_grad()
            value = loss(model(inputs), targets)
            value.backward()
            optimizer.step()
            total += value.item() * len(inputs)
        if epoch % settings["epochs_per_evaluation"] and epoch < settings["epochs"]:
            continue
        training_loss = total / training.count
        validation_loss = training_loss if validation is None else evaluate(model, validation)
        record(epoch, training_loss, validation_loss)
        if not math.isfinite(validation_loss):
            break
        stale += 1
        if validation_loss < best_loss:
            best, best_loss, stale = copy.deepcopy(model.state_dict()), validation_loss, 0
        if stale >= (settings["patience"] or math.inf):
            break
    model.load_state_dict(best)


@torch.no_grad()
def evaluate(model, examples):
    model.eval()
    total = 0.0
    for inputs, targets in examples.batches(4096):
        total += loss(model(inputs), targets).item() * len(inputs)
    return total / examples.count


def learning_rate(settings, epoch):
    if settings["schedule"] == "cosine":
        return settings["learning_rate"] * (1 + math.cos(math.pi * epoch / settings["epochs"])) / 2
    return settings["learning_rate"]
