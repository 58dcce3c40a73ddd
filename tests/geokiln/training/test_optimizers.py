import pytest
import torch

from geokiln.training.losses import differentiated, loss_function
from geokiln.training.optimizers import OPTIMIZERS

TORCH = {
    "adam": lambda groups, s: torch.optim.Adam(groups, s["learning_rate"], s["betas"], s["epsilon"]),
    "adamw": lambda groups, s: torch.optim.AdamW(groups, s["learning_rate"], s["betas"], s["epsilon"]),
    "sgd": lambda groups, s: torch.optim.SGD(groups, s["learning_rate"], s["momentum"]),
    "adadelta": lambda groups, s: torch.optim.Adadelta(groups, s["learning_rate"], s["rho"], s["epsilon"]),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize(
    "changes", [{}, {"betas": [0.8, 0.95], "epsilon": 1e-4, "momentum": 0.5, "rho": 0.7}, {"momentum": 0.0}], ids=str
)
def test_each_takes_the_steps_of_torchs_own_with_decay_on_weights_alone(changes, decay, name, wedge):
    wedges = [wedge(weight_decay=decay, learning_rate=rate, **changes) for rate in (0.1, 0.01)]
    random = torch.Generator().manual_seed(0)
    start = torch.randn(2, 7, generator=random, dtype=torch.float64)
    gradients = torch.randn(20, 2, 7, generator=random, dtype=torch.float64)
    parameters, gradient = start.clone(), torch.zeros_like(start)
    optimizer = OPTIMIZERS[name](parameters, gradient, 4, wedges)
    rates = torch.tensor([[0.1], [0.01]], dtype=torch.float64)

    for one in gradients:
        gradient.copy_(one)
        optimizer.step(rates)

    for row, settings in enumerate(wedges):
        weights, biases = (torch.nn.Parameter(start[row, part].clone()) for part in (slice(4), slice(4, None)))
        groups = [{"params": [weights], "weight_decay": decay}, {"params": [biases], "weight_decay": 0.0}]
        expected = TORCH[name](groups, settings)
        for one in gradients:
            weights.grad, biases.grad = one[row, :4].clone(), one[row, 4:].clone()
            expected.step()
        assert torch.allclose(parameters[row], torch.cat([weights, biases]).detach(), atol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_rate_of_0_leaves_a_network_as_it_is(name, wedge):
    parameters, gradient = torch.ones(2, 3), torch.ones(2, 3)
    optimizer = OPTIMIZERS[name](parameters, gradient, 2, [wedge(weight_decay=0.5)] * 2)

    optimizer.step(torch.tensor([[0.0], [0.1]]))

    assert torch.equal(parameters[0], torch.ones(3))
    assert (parameters[1] < 1).all()


LOSSES = {
    "mse": torch.nn.MSELoss(),
    "mae": torch.nn.L1Loss(),
    "huber": torch.nn.HuberLoss(delta=0.7),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("own", [False, True], ids=["built in", "differentiated"])
def test_losses_and_their_gradients_are_torchs_own(own, name, wedge):
    random = torch.Generator().manual_seed(0)
    outputs, targets = (torch.randn(3, 8, 4, generator=random, dtype=torch.float64) for _ in range(2))
    loss = differentiated(LOSSES[name]) if own else loss_function(wedge(loss=name, huber_delta=0.7))

    losses, gradient = loss(outputs, targets)

    leaves = outputs.clone().requires_grad_()
    expected = torch.stack([LOSSES[name](out, target) for out, target in zip(leaves, targets, strict=True)])
    expected.sum().backward()
    assert torch.allclose(losses, expected.detach())
    assert torch.allclose(gradient, leaves.grad)
