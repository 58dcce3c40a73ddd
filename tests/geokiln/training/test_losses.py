import pytest
import torch

from geokiln.training.losses import differentiated, loss_function

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
