"""Train K stacked networks at once, one per wedge."""

import math
from dataclasses import dataclass, field

import torch

from geokiln.training.optimizers import OPTIMIZERS
from geokiln.training.schedules import learning_rate
from geokiln.wedges.hyperparameters import SHARED

NUMBERS = ("learning_rate", "training_loss", "validation_loss")  # of a wedge, in each line of the record


@dataclass
class Progress:
    """What a training has reached; everything that is not a table of parameters.

    Attributes
    ----------
    epoch, steps : int
        Epochs and optimizer steps done.
    best_loss, best_training_loss, best_epoch, epochs, stale, active, diverged : (K,) tensors
        Per wedge: losses and epoch of its best evaluation; epochs trained; evaluations since the best one; whether it
        is still trained; the epoch in which its loss was not finite any more, 0 if that never happened.
    record : list of (epoch, steps, (3, K) float64 tensor)
        A line for each evaluation: learning rate, training loss and validation loss of each wedge, NaN as the rate of
        one that was not judged then.
    """

    best_loss: torch.Tensor
    best_training_loss: torch.Tensor
    best_epoch: torch.Tensor
    epochs: torch.Tensor
    stale: torch.Tensor
    active: torch.Tensor
    diverged: torch.Tensor
    epoch: int = 0
    steps: int = 0
    record: list = field(default_factory=list)

    @classmethod
    def start(cls, count):
        infinite, zero = torch.full((count,), math.inf, dtype=torch.float64), torch.zeros(count, dtype=torch.int64)
        active = torch.ones(count, dtype=torch.bool)
        return cls(infinite, infinite.clone(), zero, zero.clone(), zero.clone(), active, zero.clone())


class Training:
    """K networks in training: all that changes from step to step, which `state` gives and `load_states` takes up again.

    Parameters
    ----------
    network : geokiln.models.network.StackedNetwork, or another `geokiln.models.network.Network`
    loss : function
        See `geokiln.training.losses`.
    training, validation : geokiln.training.examples.InMemory or Streamed
        Without validation (None) the training loss takes its place.
    wedges : list of K dicts
        Keys of ``training:`` in the config. Those named in ``SHARED`` must agree.
    """

    def __init__(self, network, loss, training, validation, wedges):
        first = wedges[0]
        if any(wedge[key] != first[key] for wedge in wedges for key in SHARED):
            raise ValueError(f"wedges of one stack must agree in {', '.join(SHARED)}")
        self.network, self.loss, self.training, self.validation = network, loss, training, validation
        self.wedges, self.settings, self.count = wedges, first, len(wedges)
        self.parameters, self.gradient = network.parameters, network.gradient
        self.optimizer = OPTIMIZERS[first["optimizer"]](self.parameters, self.gradient, network.n_weights, wedges)
        seeds = [wedge["shuffle_seed"] for wedge in wedges]
        seeds = seeds[:1] if len(set(seeds)) == 1 else seeds
        self.shuffles = [torch.Generator().manual_seed(seed + 1) for seed in seeds] if first["shuffle"] else []
        self.noises = [torch.Generator().manual_seed(wedge["seed"] + 2) for wedge in wedges]
        self.best = self.parameters.clone()
        self.progress = Progress.start(self.count)
        # Losses are added up in double precision, which Apple's GPUs do not have.
        self.precision = torch.float32 if self.parameters.device.type == "mps" else torch.float64
        self.patience = torch.tensor([wedge["patience"] or math.inf for wedge in wedges])
        self.evaluated_out_of_turn = False

    @torch.no_grad()
    def run(
        self,
        evaluated=lambda training, judged: None,
        epoch_ended=lambda training, trained, better: None,
        paused=lambda training: False,
    ):
        """Train until nothing is left to do, or until an epoch after which *paused* says so.

        *evaluated* is called after each evaluation, with which wedges it judged, (K,) bool; *epoch_ended* after each
        epoch, with which were trained in it and which got better. ``evaluated_out_of_turn`` says that the last
        evaluation came only because the training ends: a longer one would not have had it, and cannot go on from there.
        """
        done, settings = self.progress, self.settings
        while done.active.any() and not self.at_end() and not paused(self):
            trained = done.active.clone()
            losses = self._epoch()
            due, ends = done.epoch % settings["epochs_per_evaluation"] == 0, self.at_end()
            self.evaluated_out_of_turn = self._out_of_steps() or (ends and not due)
            judged = trained if due or ends else trained & ~losses.isfinite()
            better = torch.zeros(self.count, dtype=torch.bool)
            if judged.any():
                better = self._evaluate(losses, judged)
                evaluated(self, judged)
            epoch_ended(self, trained, better)

    def at_end(self):
        """Whether the last epoch or step is done."""
        return self.progress.epoch >= self.settings["epochs"] or self._out_of_steps()

    def final_parameters(self):
        """Return the parameters (K, n) that are the result: the best or the last ones, as ``weights`` says."""
        return self.best if self.settings["weights"] == "best" else self.parameters

    def _out_of_steps(self):
        return self.progress.steps >= (self.settings["iterations"] or math.inf)

    def _epoch(self):
        """Train for one epoch and return the mean training loss of each wedge, (K,) float64."""
        settings, done, network, optimizer = self.settings, self.progress, self.network, self.optimizer
        rates = torch.tensor(self.rates(done.epoch), dtype=self.parameters.dtype) * done.active
        rates = rates.unsqueeze(1).to(self.parameters.device)
        random = self.noises
        batch_size = min(settings["batch_size"], self.training.count)
        total, seen = self._zero(), 0
        for inputs, targets in self.training.epoch(batch_size, self.shuffles):
            if settings["input_noise"]:
                inputs = inputs + settings["input_noise"] * self._noise(inputs)
            losses, gradient = self.loss(network(inputs, random), targets)
            network.backward(gradient)
            if settings["gradient_clip"]:
                length = self.gradient.norm(dim=1, keepdim=True)
                self.gradient.mul_((settings["gradient_clip"] / (length + 1e-6)).clamp(max=1))
            optimizer.step(rates)
            total.add_(losses, alpha=inputs.shape[1])
            seen += inputs.shape[1]
            done.steps += 1
            if self._out_of_steps():
                break
        done.epoch += 1
        return (total / seen).cpu().double()

    def _zero(self):
        return torch.zeros(self.count, dtype=self.precision, device=self.parameters.device)

    def rates(self, epoch):
        """Return the learning rate of each wedge in an *epoch* from 0."""
        return [learning_rate(wedge, epoch) for wedge in self.wedges]

    def _noise(self, inputs):
        shape = inputs.shape[1:]
        return torch.stack([torch.randn(shape, generator=generator) for generator in self.noises]).to(inputs)

    def _evaluate(self, training_loss, judged):
        """Judge some wedges, (K,) bool; return which got better."""
        done = self.progress
        validation_loss = training_loss if self.validation is None else self.validation_loss()
        bad = ~(training_loss.isfinite() & validation_loss.isfinite()) & judged
        better = (validation_loss < done.best_loss) & judged & ~bad
        self.best[better] = self.parameters[better]
        done.best_loss[better], done.best_training_loss[better] = validation_loss[better], training_loss[better]
        done.best_epoch[better] = done.epoch
        done.epochs[judged] = done.epoch
        done.diverged[bad] = done.epoch
        done.stale = torch.where(better, 0, done.stale + judged)
        rates = torch.tensor(self.rates(done.epoch - 1), dtype=torch.float64)
        rates[~judged] = math.nan
        done.record.append((done.epoch, done.steps, torch.stack([rates, training_loss, validation_loss])))
        done.active &= (done.stale < self.patience) & ~bad
        return better

    def record_of(self, wedge):
        """Return the lines of the record that judge one wedge: (epoch, steps, (3,) float64 tensor)."""
        lines = [(epoch, steps, numbers[:, wedge]) for epoch, steps, numbers in self.progress.record]
        return [line for line in lines if not line[2][0].isnan()]

    def validation_loss(self):
        """Return the mean validation loss of each wedge, (K,) float64."""
        total, seen = self._zero(), 0
        for inputs, targets in self.validation.blocks():
            losses, _ = self.loss(self.network(inputs.unsqueeze(0)), targets.unsqueeze(0))
            total += losses * len(inputs)
            seen += len(inputs)
        return (total / seen).cpu().double()

    def state(self, wedge):
        """Return all that `load_states` needs to go on with one wedge from here: name -> tensor."""
        done, rows = self.progress, slice(wedge, wedge + 1)
        tensors = {f"optimizer.{name}": table[rows] for name, table in self.optimizer.state.items()}
        if self.shuffles:
            tensors["shuffle"] = self.shuffles[wedge if len(self.shuffles) > 1 else 0].get_state()
        tensors["noise"] = self.noises[wedge].get_state()
        for name, value in vars(done).items():
            if isinstance(value, torch.Tensor):
                tensors[f"progress.{name}"] = value[rows]
        tensors["random"] = torch.get_rng_state()  # what a user's own module draws from
        tensors["parameters"], tensors["best"] = self.parameters[rows], self.best[rows]
        record = self.record_of(wedge)
        tensors["counts"] = torch.tensor([done.epoch, done.steps, self.optimizer.steps])
        tensors["record.steps"] = torch.tensor([line[:2] for line in record]).reshape(-1, 2)
        tensors["record.losses"] = torch.stack([line[2] for line in record] or [torch.zeros(3)])
        return {name: tensor.detach().cpu().clone() for name, tensor in tensors.items()}

    @torch.no_grad()
    def load_states(self, states):
        """Go on from a state of each wedge, all after equally many epochs and steps.

        Wedges that stopped for lack of patience go on if they have more of it now.
        """
        done = self.progress

        def stacked(name):
            return torch.cat([state[name] for state in states])

        for name, table in self.optimizer.state.items():
            table.copy_(stacked(f"optimizer.{name}"))
        for generator, state in zip(self.shuffles, states):
            generator.set_state(state["shuffle"])
        for generator, state in zip(self.noises, states):
            generator.set_state(state["noise"])
        for name, value in vars(done).items():
            if isinstance(value, torch.Tensor):
                setattr(done, name, stacked(f"progress.{name}"))
        torch.set_rng_state(states[0]["random"])
        self.parameters.copy_(stacked("parameters"))
        self.best.copy_(stacked("best"))
        done.epoch, done.steps, self.optimizer.steps = states[0]["counts"].tolist()
        done.record = _merged_records(states)
        done.active = (done.stale < self.patience) & (done.diverged == 0)


def _merged_records(states):
    """Return one record of the records of single wedges; a wedge without a line of some epoch was not judged then."""
    lines = {}
    for wedge, state in enumerate(states):
        for step, numbers in zip(state["record.steps"].tolist(), state["record.losses"]):
            line = lines.setdefault(tuple(step), torch.full((3, len(states)), math.nan, dtype=torch.float64))
            line[:, wedge] = numbers
    return [(*step, lines[step]) for step in sorted(lines)]
