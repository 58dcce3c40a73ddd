"""Train the wedges of a pack: stacked where their networks have one shape, one after the other where not."""

import time

import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file

from geokiln.errors import UserError
from geokiln.models.module_network import ModuleNetwork
from geokiln.models.network import StackedNetwork
from geokiln.storage.tables import Table
from geokiln.training.examples import InMemory, Streamed
from geokiln.training.kinds import fit_regressor, train_own, train_stack
from geokiln.training.losses import differentiated, loss_function
from geokiln.training.settings import MEGABYTE, streamed_within
from geokiln.training.trainer import Training
from geokiln.training.wedge_files import write_wedge


def train_pack(data, members, states, keep, own=None, initial_weights=None):
    """Train wedges and keep each as soon as it is done.

    Parameters
    ----------
    data : geokiln.training.context.PackData
    members : dict
        Wedge -> all keys of ``training:``, its values laid over; they agree in `geokiln.wedges.hyperparameters.SHARED`.
    states : dict
        Wedge -> `geokiln.training.states.States`: where a state to go on from may lie, and states are saved.
    keep : function
        ``keep(wedge)`` is a context that gives the folder for the wedge's files (see `write_wedge`).
    own : geokiln.training.own_script.OwnScript, optional
    initial_weights : path, optional
        A ``weights.safetensors`` to start from.

    Returns
    -------
    list of str
        The wedges whose training diverged. That is a result, too: their ``status`` says so, and they have no weights.
    """
    start = time.perf_counter()
    settings = next(iter(members.values()))
    torch.set_num_threads(settings["threads"])  # parallelism comes from jobs: threads on a busy machine only cost
    device = _device(settings["device"])
    training = _open(data.training, settings, device)
    validation = _open(data.validation, {**settings, "max_examples": None}, device)
    if not training.count:
        raise UserError("there is no training example; lower preprocess.validation_share or test_share")
    validation = validation if validation.count else None
    if own and settings["model"] == "network":
        _rehearse(own, training, members)

    def load_initial(load_weights):
        if initial_weights:
            _start_from(load_weights, initial_weights)

    def prepared(wedges):
        if own:
            own.seed(wedges[0])
        network = _network(training, wedges, own, device)
        load_initial(network.load_weights)
        loss = differentiated(own.loss) if own and own.has("loss") else loss_function(settings)
        return Training(network, loss, training, validation, wedges)

    if settings["model"] != "network":
        outcomes = _one_by_one(members, lambda wedge: fit_regressor(training, wedge))
    elif own and own.has("train"):
        outcomes = _one_by_one(members, lambda wedge: train_own(own, training, validation, wedge, load_initial))
    else:
        alone = own is not None and own.has("model")
        outcomes = _stacked(members, states, prepared, alone, isinstance(training, Streamed))
    table, diverged = Table(*data.examples), []
    opened = (time.perf_counter() - start) / len(members)
    for wedge, outcome in outcomes:
        outcome.seconds += opened
        with keep(wedge) as folder:
            write_wedge(folder, data.basis, table, members[wedge], outcome, own)
        if outcome.about["status"] == "diverged":
            diverged.append(wedge)
    return diverged


def _rehearse(own, training, members):
    """Try a user's code on some examples: what it cannot do is told before the first epoch, not after the last."""
    inputs, targets = next(iter(training.blocks()))
    if own.has("loss") and not own.has("train"):
        own.check_loss(targets)
    if own.has("model"):
        from geokiln.export.rehearsal import rehearse_export  # imports onnxruntime, which built-in networks do without

        for settings in members.values():
            rehearse_export(own, settings, inputs.cpu().numpy(), training.n_out)


def _one_by_one(members, train):
    for wedge, settings in members.items():
        start = time.perf_counter()
        outcome = train(settings)
        outcome.seconds = time.perf_counter() - start
        yield wedge, outcome


def _stacked(members, states, prepared, alone, streamed):
    """Yield wedge and outcome as trainings end.

    Wedges that are equally far are one stack. When most of a stack are done (lack of patience, divergence), the others
    go on in a smaller one.
    """
    waiting = {wedge: states[wedge].find() for wedge in members}  # wedge -> state to go on from, or None
    seconds = dict.fromkeys(members, 0.0)

    def stack_of(wedge):
        """Return what the wedges of one stack share. A stream has one order for all of them."""
        reached = waiting[wedge]["counts"].tolist() if waiting[wedge] else None
        return reached, members[wedge]["shuffle_seed"] if streamed else None, wedge if alone else None

    resumed = [state["counts"][0].item() for state in waiting.values() if state]
    if resumed:
        print(f"{len(resumed)} of {len(members)} wedges resumed from epoch {_range(resumed)}", flush=True)
    while waiting:
        first = stack_of(next(iter(waiting)))
        stack = [wedge for wedge in waiting if stack_of(wedge) == first]
        start = time.perf_counter()
        training = prepared([members[wedge] for wedge in stack])
        if waiting[stack[0]]:
            training.load_states([waiting[wedge] for wedge in stack])
        outcomes = train_stack(training, [states[wedge] for wedge in stack])
        share = (time.perf_counter() - start) / len(stack)
        for number, wedge in enumerate(stack):
            seconds[wedge] += share
            if number not in outcomes:
                waiting[wedge] = training.state(number)
                continue
            del waiting[wedge]
            outcomes[number].seconds = seconds[wedge]
            yield wedge, outcomes[number]


def _range(numbers):
    low, high = min(numbers), max(numbers)
    return low if low == high else f"{low} to {high}"


def _open(files, settings, device):
    """Return the examples of a split: in memory if they fit into ``training.memory``, else in a stream."""
    table = Table(*files)
    count = min(settings["max_examples"] or table.count, table.count)
    if streamed_within(settings, table.about):
        return Streamed(table, settings["memory"] * MEGABYTE, count, device)
    inputs, targets = (torch.empty(count, width) for width in (table.input_width, table.width - table.input_width))
    for first, block in table.blocks():  # read whole and then split, they would be in memory twice
        rows = torch.from_numpy(block[: max(0, count - first)])
        inputs[first : first + len(rows)] = rows[:, : table.input_width]
        targets[first : first + len(rows)] = rows[:, table.input_width :]
    return InMemory(inputs.to(device), targets.to(device))


def _device(name):
    try:
        torch.zeros(1, device="cuda" if name == "auto" and torch.cuda.is_available() else name.replace("auto", "cpu"))
    except (RuntimeError, AssertionError) as error:
        reason = str(error).split("\n")[0]
        raise UserError(f"training.device: {name} cannot be used here ({reason}); cpu always works") from None
    return name if name != "auto" else "cuda" if torch.cuda.is_available() else "cpu"


def _network(training, wedges, own, device):
    if own and own.has("model"):
        return ModuleNetwork(own.model(training.n_in, training.n_out, wedges[0]), device, own.apply)
    return StackedNetwork(training.n_in, training.n_out, wedges, device=device)


def _start_from(load_weights, path):
    try:
        with torch.no_grad():
            load_weights(load_file(path))
    except SafetensorError as error:
        raise UserError(f"training.initial_weights: {path} is no whole .safetensors file: {error}") from None
    except ValueError as error:
        raise UserError(f"training.initial_weights: {path} does not fit this network: {error}") from None
