"""A user's own ``torch.nn.Module`` as the trainer sees a network."""

import torch


class ModuleNetwork:
    """Any ``torch.nn.Module`` as the trainer sees a network: one row of parameters, K = 1; PyTorch differentiates.

    The module's tensors become views of the row: weights (two axes and more), then other parameters, then buffers such
    as running means, whose gradient stays 0. ``apply(module, inputs)`` calls it.
    """

    def __init__(self, module, device="cpu", apply=torch.nn.Module.__call__):
        self.module, self._apply = module.to(device), apply
        trained = [tensor for tensor in module.parameters() if tensor.requires_grad]
        others = [tensor for tensor in module.parameters() if not tensor.requires_grad]
        buffers = [tensor for tensor in module.buffers() if tensor.is_floating_point()]
        order = sorted(trained, key=lambda tensor: tensor.dim() < 2) + others + buffers
        self.n_weights = sum(tensor.numel() for tensor in trained if tensor.dim() > 1)
        self.parameters = torch.cat([tensor.detach().reshape(-1) for tensor in order]).unsqueeze(0)
        self.gradient = torch.zeros_like(self.parameters)
        start = 0
        for tensor in order:
            part = slice(start, start + tensor.numel())
            tensor.data = self.parameters[0, part].view(tensor.shape)
            if tensor.requires_grad:
                tensor.grad = self.gradient[0, part].view(tensor.shape)
            start = part.stop
        self._outputs = None

    def __call__(self, inputs, random=None):
        self.module.train(bool(random))
        with torch.set_grad_enabled(bool(random)):
            self._outputs = self._apply(self.module, inputs[0])
        return self._outputs.detach().unsqueeze(0)

    def backward(self, gradient):
        self.gradient.zero_()
        self._outputs.backward(gradient[0])

    def named_weights(self, row):
        """Return the module's tensors as arrays by name, with the parameters *row*."""
        self.parameters[0].copy_(row)
        return module_weights(self.module)

    def load_weights(self, weights):
        """Start from named weights; ValueError says which one is missing or odd."""
        load_module_weights(self.module, weights)


def module_weights(module):
    """Return a module's parameters and buffers as arrays by name."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in module.state_dict().items()}


def load_module_weights(module, weights):
    """Fill a module with named arrays; ValueError says which one is missing or odd."""
    try:
        module.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    except RuntimeError as error:
        raise ValueError(str(error).split("\n")[1].strip()) from None
