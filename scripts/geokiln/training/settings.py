"""What of ``training:`` shapes a result: settings that do not count for one must not make it stale.

Only the standard library is imported here: a job that finds its result in the store must not pay for torch.
"""

from geokiln.training.schedules import schedule_length

NETWORK_ONLY = (
    "hidden_layers", "hidden_width", "hidden_widths", "activation", "skip_connections", "dropout", "input_noise",
    "loss", "optimizer", "learning_rate", "gradient_clip", "schedule", "warmup_epochs", "batch_size", "shuffle",
    "shuffle_seed", "epochs", "iterations", "epochs_per_evaluation", "patience", "weights", "snapshots", "seed",
)  # fmt: skip
COUNTS_WITH = {  # setting -> another one, and the values of it with which the setting counts
    **{name: ("model", ("network",)) for name in NETWORK_ONLY},
    "huber_delta": ("loss", ("huber",)),
    "betas": ("optimizer", ("adam", "adamw")),
    "epsilon": ("optimizer", ("adam", "adamw", "adadelta")),
    "momentum": ("optimizer", ("sgd",)),
    "rho": ("optimizer", ("adadelta",)),
    "schedule_epochs": ("schedule", ("linear", "cosine", "exponential")),
    "end_learning_rate": ("schedule", ("linear", "cosine", "exponential")),
    "schedule_gamma": ("schedule", ("step", "exponential")),
    "step_epochs": ("schedule", ("step",)),
    "kernel": ("model", ("kernel",)),
    "kernel_width": ("kernel", ("gaussian",)),
    "kernel_scale": ("kernel", ("polynomial", "sigmoid")),
    "kernel_offset": ("kernel", ("polynomial", "sigmoid")),
    "kernel_degree": ("kernel", ("polynomial",)),
    "error_threshold": ("model", ("linear", "kernel", "nearest")),
}
SHARED = (  # what gives a stack of networks its shape and its steps; all else is each wedge's own
    "model", "hidden_layers", "hidden_width", "hidden_widths", "activation", "skip_connections", "dropout",
    "input_noise", "loss", "huber_delta", "optimizer", "betas", "epsilon", "momentum", "rho", "gradient_clip",
    "batch_size", "shuffle", "max_examples", "memory", "epochs", "iterations", "epochs_per_evaluation", "weights",
    "device", "threads", "pack_size",
)  # fmt: skip
NEVER = ("save_state", "pack_size", "script", "initial_weights", "memory")
# files count by their contents; memory: streamed_within
MEGABYTE = 1 << 20
ENDS = ("epochs", "iterations", "patience", "schedule_epochs")  # when a training stops, not how it goes


def that_count(settings):
    """Return the *settings* that shape the result of a training.

    A user's own script may read any of them: then all count.
    """
    return {name: value for name, value in settings.items() if name not in NEVER and _counts(name, settings)}


def _counts(name, settings):
    if name not in COUNTS_WITH or settings["script"]:
        return True
    other, values = COUNTS_WITH[name]
    return settings[other] in values and _counts(other, settings)


def streamed_within(settings, about):
    """Return the memory setting if a training table, whose side-car is *about*, is too large for it, else None.

    Streamed examples come in an order that hangs on it.
    """
    count = min(settings["max_examples"] or about["count"], about["count"])
    return settings["memory"] if 4 * count * about["width"] > settings["memory"] * MEGABYTE else None


def of_the_way(settings):
    """Return the settings that shape the way of a training, whatever its end: trainings that share a way share states.

    A schedule that ends with the last epoch makes the number of epochs a part of the way.
    """
    way = {name: value for name, value in that_count(settings).items() if name not in ENDS}
    return {**way, "schedule_length": schedule_length(settings)}
