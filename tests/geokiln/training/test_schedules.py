import pytest
import torch

from geokiln.training.schedules import learning_rate


def rates(settings, count):
    return [learning_rate(settings, epoch) for epoch in range(count)]


def torchs(make, count, rate=0.1):
    """The rates of one of PyTorch's schedulers."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    scheduler, found = make(optimizer), []
    for _ in range(count):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


SCHEDULER = torch.optim.lr_scheduler
PAIRS = {
    "linear": (
        {"schedule": "linear", "end_learning_rate": 0.02, "schedule_epochs": 8},
        lambda o: SCHEDULER.LinearLR(o, 1.0, 0.2, 8),
    ),
    "step": ({"schedule": "step", "step_epochs": 3, "schedule_gamma": 0.5}, lambda o: SCHEDULER.StepLR(o, 3, 0.5)),
    "exponential": (
        {"schedule": "exponential", "schedule_gamma": 0.9, "end_learning_rate": 0.0},
        lambda o: SCHEDULER.ExponentialLR(o, 0.9),
    ),
    "cosine": (
        {"schedule": "cosine", "end_learning_rate": 0.01},
        lambda o: SCHEDULER.CosineAnnealingLR(o, 12, eta_min=0.01),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_each_schedule_is_that_of_torch(name, wedge):
    changes, make = PAIRS[name]

    assert rates(wedge(learning_rate=0.1, epochs=12, **changes), 12) == pytest.approx(torchs(make, 12))


def test_an_exponential_schedule_may_be_given_by_its_end(wedge):
    settings = wedge(schedule="exponential", learning_rate=0.1, end_learning_rate=0.001, epochs=10)

    assert learning_rate(settings, 5) == pytest.approx(0.01)
    assert learning_rate(settings, 10) == learning_rate(settings, 50) == pytest.approx(0.001)


def test_a_warm_up_rises_to_the_schedule(wedge):
    settings = wedge(schedule="constant", learning_rate=0.1, warmup_epochs=4)

    assert rates(settings, 6) == pytest.approx([0.02, 0.04, 0.06, 0.08, 0.1, 0.1])
