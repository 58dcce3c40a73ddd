"""Small trainings: a smooth map of three numbers to two, learnt from 24 examples and judged by 8 others."""

import pytest
import torch

from geokiln.models.network import StackedNetwork
from geokiln.training.examples import InMemory
from geokiln.training.losses import loss_function
from geokiln.training.trainer import Training


@pytest.fixture(autouse=True)
def one_thread():
    """Small products wait for each other longer than they take, where tests run beside each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def prepare(wedge):
    """A function that gives a Training of a wedge for each dict of changes.

    *opposed* validation targets get the worse, the more is learnt; *examples* are others than the small ones.
    """

    def prepare(*own, opposed=False, precision=torch.float32, examples=None, **shared):
        random = torch.Generator().manual_seed(0)
        inputs, slope = torch.randn(32, 3, generator=random), torch.randn(3, 2, generator=random)
        inputs, targets = inputs.to(precision), torch.sin(inputs @ slope).to(precision)
        validation = InMemory(inputs[24:], -targets[24:] if opposed else targets[24:])
        wedges = [wedge(**shared, **changes) for changes in own or [{}]]
        network = StackedNetwork(3, 2, wedges, precision)
        examples = examples or InMemory(inputs[:24], targets[:24])
        return Training(network, loss_function(wedges[0]), examples, validation, wedges)

    return prepare
