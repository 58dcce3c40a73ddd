"""Programs that train the network that Geokiln trains, on the same table: each a function of the same form.

It gets inputs, targets (float32 arrays of rows), settings (as Geokiln's, from which each takes what it has) and,
perhaps, a function to call after each epoch with the layers; it returns the layers: [(weight (fan in, fan out), bias),
...]. All keep to one thread.

    python trainers.py PROGRAM FOLDER SETTINGS OUTPUT

trains on training.raw of a preprocessed FOLDER, by SETTINGS in JSON, and writes the layers to OUTPUT (.npz).
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import sysconfig
import warnings
import zlib
from pathlib import Path

import numpy as np

LIGHTNING = "lightning==2.6.6"
ACTIVATIONS = {"tanh": np.tanh, "relu": lambda values: np.maximum(values, 0)}


def dataloader(inputs, targets, settings, after_epoch=None):
    """PyTorch as its tutorials have it: a DataLoader, nn.Sequential, AdamW."""
    import torch

    network = sequential(inputs, targets, settings)
    loader, optimizer, loss = shuffled(inputs, targets, settings), adamw(network, settings), torch.nn.MSELoss()
    for _ in range(settings["epochs"]):
        for batch, expected in loader:
            optimizer.zero_grad()
            loss(network(batch), expected).backward()
            optimizer.step()
        if after_epoch:
            after_epoch(layers_of(network))
    return layers_of(network)


def fused(inputs, targets, settings, after_epoch=None):
    """PyTorch by one who minds the time: tensors permuted once an epoch and cut into batches, the fused AdamW."""
    import torch

    network = sequential(inputs, targets, settings)
    optimizer, loss = adamw(network, settings, fused=True), torch.nn.functional.mse_loss
    inputs, targets = torch.from_numpy(inputs), torch.from_numpy(targets)
    for _ in range(settings["epochs"]):
        order = torch.randperm(len(inputs))
        batches = (tensor[order].split(settings["batch_size"]) for tensor in (inputs, targets))
        for batch, expected in zip(*batches, strict=True):
            optimizer.zero_grad()
            loss(network(batch), expected).backward()
            optimizer.step()
        if after_epoch:
            after_epoch(layers_of(network))
    return layers_of(network)


def scikit_learn(inputs, targets, settings, after_epoch=None):
    """MLPRegressor by Adam, without early stopping; its penalty alpha is the nearest that it has to weight decay."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    regressor = MLPRegressor(
        hidden_layer_sizes=[settings["hidden_width"]] * settings["hidden_layers"],
        activation=settings["activation"],
        alpha=settings["weight_decay"],
        learning_rate_init=settings["learning_rate"],
        batch_size=min(settings["batch_size"], len(inputs)),
        max_iter=settings["epochs"],
        n_iter_no_change=np.inf,
        random_state=np.random.RandomState(settings["seed"]),  # not a number: each partial_fit would start it again
    )
    targets = targets[:, 0] if targets.shape[1] == 1 else targets
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # all epochs were trained: that is what is asked for
        if not after_epoch:
            regressor.fit(inputs, targets)
        for _ in range(settings["epochs"] if after_epoch else 0):
            regressor.partial_fit(inputs, targets)  # one epoch
            after_epoch(list(zip(regressor.coefs_, regressor.intercepts_, strict=True)))
    return list(zip(regressor.coefs_, regressor.intercepts_, strict=True))


def lightning(inputs, targets, settings, after_epoch=None):
    """Lightning's Trainer around the network of `dataloader`, without logger, checkpoints and progress bar."""
    import torch
    from lightning import LightningModule, Trainer

    class Regressor(LightningModule):
        def __init__(self):
            super().__init__()
            self.network = sequential(inputs, targets, settings)

        def training_step(self, batch, number):
            return torch.nn.functional.mse_loss(self.network(batch[0]), batch[1])

        def configure_optimizers(self):
            return adamw(self, settings)

        def on_train_epoch_end(self):
            if after_epoch:
                after_epoch(layers_of(self.network))

    regressor, unused = Regressor(), ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
    trainer = Trainer(accelerator="cpu", max_epochs=settings["epochs"], **dict.fromkeys(unused, False))
    trainer.fit(regressor, shuffled(inputs, targets, settings))
    return layers_of(regressor.network)


TRAINERS = {"dataloader": dataloader, "fused": fused, "scikit-learn": scikit_learn, "lightning": lightning}


def sequential(inputs, targets, settings):
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(settings["seed"])
    activation = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[settings["activation"]]
    width, modules = inputs.shape[1], []
    for _ in range(settings["hidden_layers"]):
        modules += [torch.nn.Linear(width, settings["hidden_width"]), activation()]
        width = settings["hidden_width"]
    return torch.nn.Sequential(*modules, torch.nn.Linear(width, targets.shape[1]))


def shuffled(inputs, targets, settings):
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    data = TensorDataset(torch.from_numpy(inputs), torch.from_numpy(targets))
    return DataLoader(data, settings["batch_size"], shuffle=True)


def adamw(network, settings, **options):
    import torch

    rate, decay = settings["learning_rate"], settings["weight_decay"]
    return torch.optim.AdamW(network.parameters(), rate, weight_decay=decay, **options)


def layers_of(network):
    return [(linear.weight.detach().numpy().T.copy(), linear.bias.detach().numpy().copy()) for linear in network[::2]]


def predict(layers, activation, inputs):
    """Return the outputs (rows, n_out) of a network: the same few lines judge the weights of every program."""
    for number, (weight, bias) in enumerate(layers):
        inputs = inputs @ weight + bias
        if number < len(layers) - 1:
            inputs = ACTIVATIONS[activation](inputs)
    return inputs


def read_split(folder, split):
    """Return inputs and targets of a preprocessed split."""
    about = json.loads(Path(folder, f"{split}.json").read_text())
    rows = np.fromfile(Path(folder, f"{split}.raw"), "<f4").reshape(about["count"], about["width"])
    n_in = sum(component["size"] for component in about["components"] if component["name"].startswith("input/"))
    return np.ascontiguousarray(rows[:, :n_in]), np.ascontiguousarray(rows[:, n_in:])


def lightning_python():
    """Return the interpreter of a virtualenv with Lightning in the user's cache folder, made if it is not there.

    The packages of this interpreter are seen from it, so that both train by the same PyTorch.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "geokiln-benchmarks" / f"{LIGHTNING}-{zlib.crc32(sys.prefix.encode()):08x}"
    python = folder / "bin/python"
    if not (folder / "complete").exists():
        print(f"  making {folder} (once)", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        places = subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            check=True,
            capture_output=True,
            text=True,
        )
        Path(places.stdout.strip(), "seen.pth").write_text(sysconfig.get_path("purelib") + "\n")
        same = f"torch=={importlib.metadata.version('torch')}"  # it is there; another one must not be installed
        subprocess.run([python, "-m", "pip", "install", "--quiet", LIGHTNING, same], check=True)
        (folder / "complete").touch()
    return str(python)


def main():
    program, folder, settings, output = sys.argv[1:]
    settings = json.loads(settings)
    layers = TRAINERS[program](*read_split(folder, "training"), settings)
    np.savez(output, *[array for layer in layers for array in layer])


if __name__ == "__main__":
    main()
