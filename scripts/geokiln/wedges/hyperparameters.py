"""Every key of ``training:`` in one table: where it counts, and what wedges and packs may do with it.

Types, bounds and a sentence for each stand in ``schemas/config.schema.yaml``; a test holds the two against each other.
Only the standard library is imported here: a job that finds its result in the store must not pay for torch.
"""

from collections import namedtuple

FIELDS = {"only": (), "shared": False, "is_end": False, "counts": True, "varies": True}  # and what is usual


class Hyperparameter(namedtuple("Hyperparameter", FIELDS, defaults=FIELDS.values())):
    """What a key of ``training:`` means.

    Attributes
    ----------
    only : tuple
        Another key, and the values of it with which this one counts; empty: it counts always.
    shared : bool
        Whether it gives a stack of networks its shape or its steps: it is the same for all wedges of a pack.
    is_end : bool
        Whether it says when a training stops, not how it goes until then.
    counts : bool
        Whether it can shape the result. Files count by their contents, ``memory`` where examples are streamed.
    varies : bool
        Whether wedges may vary it.
    """


def _with(key, *values, shared=False, is_end=False):
    return Hyperparameter((key, values), shared, is_end)


HYPERPARAMETERS = {
    "model": Hyperparameter(shared=True),
    "script": Hyperparameter(counts=False, varies=False),
    "hidden_layers": _with("model", "network", shared=True),
    "hidden_width": _with("model", "network", shared=True),
    "hidden_widths": _with("model", "network", shared=True),
    "activation": _with("model", "network", shared=True),
    "skip_connections": _with("model", "network", shared=True),
    "dropout": _with("model", "network", shared=True),
    "input_noise": _with("model", "network", shared=True),
    "loss": _with("model", "network", shared=True),
    "huber_delta": _with("loss", "huber", shared=True),
    "optimizer": _with("model", "network", shared=True),
    "learning_rate": _with("model", "network"),
    "betas": _with("optimizer", "adam", "adamw", shared=True),
    "epsilon": _with("optimizer", "adam", "adamw", "adadelta", shared=True),
    "momentum": _with("optimizer", "sgd", shared=True),
    "rho": _with("optimizer", "adadelta", shared=True),
    "weight_decay": Hyperparameter(),
    "gradient_clip": _with("model", "network", shared=True),
    "schedule": _with("model", "network"),
    "schedule_epochs": _with("schedule", "linear", "cosine", "exponential", is_end=True),
    "end_learning_rate": _with("schedule", "linear", "cosine", "exponential"),
    "schedule_gamma": _with("schedule", "step", "exponential"),
    "step_epochs": _with("schedule", "step"),
    "warmup_epochs": _with("model", "network"),
    "batch_size": _with("model", "network", shared=True),
    "max_examples": Hyperparameter(shared=True),
    "shuffle": _with("model", "network", shared=True),
    "shuffle_seed": _with("model", "network"),
    "seed": _with("model", "network"),
    "epochs": _with("model", "network", shared=True, is_end=True),
    "iterations": _with("model", "network", shared=True, is_end=True),
    "epochs_per_evaluation": _with("model", "network", shared=True),
    "patience": _with("model", "network", is_end=True),
    "weights": _with("model", "network", shared=True),
    "initial_weights": Hyperparameter(counts=False, varies=False),
    "save_state": Hyperparameter(counts=False),
    "snapshots": _with("model", "network"),
    "memory": Hyperparameter(shared=True, counts=False),
    "device": Hyperparameter(shared=True),
    "threads": Hyperparameter(shared=True),
    "pack_size": Hyperparameter(shared=True, counts=False, varies=False),
    "kernel": _with("model", "kernel"),
    "kernel_width": _with("kernel", "gaussian"),
    "kernel_scale": _with("kernel", "polynomial", "sigmoid"),
    "kernel_offset": _with("kernel", "polynomial", "sigmoid"),
    "kernel_degree": _with("kernel", "polynomial"),
    "error_threshold": _with("model", "linear", "kernel", "nearest"),
}
SHARED = tuple(key for key, about in HYPERPARAMETERS.items() if about.shared)
