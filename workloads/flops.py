"""Floating-point operations of one forward pass of one image.

`paper`: what the published tables count: 2 per multiply-accumulate of convolutions and linear layers, 1 per
output for their bias, 2 per BatchNorm input element, 1 per ReLU output, k*k per output of a max- or average-pool
module.
`mac2`: 2 per multiply-accumulate of convolutions and linear layers, nothing else.
"""

from typing import Any, List, Sequence

import torch
from torch import Tensor, nn

from workloads import WorkloadError

CONVENTIONS = ("paper", "mac2")


def forward_flops(model: nn.Module, input_shape: Sequence[int], convention: str = "paper") -> int:
    """Operations of one forward pass on a batch of one; input_shape is without the batch: (3, 32, 32).

    The pass runs in eval mode, so that running statistics do not move; every module's mode is restored.
    """
    if convention not in CONVENTIONS:
        raise WorkloadError(f"no FLOPs convention '{convention}'; there are: {', '.join(CONVENTIONS)}")
    count = _paper if convention == "paper" else _mac2
    counts: List[int] = []

    def hook(module: nn.Module, inputs: Sequence[Tensor], output: Tensor) -> None:
        counts.append(count(module, inputs[0], output))

    leaves = [module for module in model.modules() if isinstance(module, _COUNTED)]
    hooks = [leaf.register_forward_hook(hook) for leaf in leaves]
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        with torch.no_grad():
            model(torch.zeros((1,) + tuple(input_shape), device=next(model.parameters()).device))
    finally:
        for handle in hooks:
            handle.remove()
        for module, training in modes:
            module.training = training
    return sum(counts)


_COUNTED = (nn.Conv2d, nn.Linear, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d, nn.AvgPool2d)


def _mac2(module: nn.Module, entering: Tensor, leaving: Tensor) -> int:
    if isinstance(module, nn.Conv2d):
        return 2 * module.weight[0].numel() * leaving.numel()
    if isinstance(module, nn.Linear):
        return 2 * module.in_features * leaving.numel()
    return 0


def _paper(module: nn.Module, entering: Tensor, leaving: Tensor) -> int:
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        return _mac2(module, entering, leaving) + (0 if module.bias is None else leaving.numel())
    if isinstance(module, nn.BatchNorm2d):
        return 2 * entering.numel()  # of the whole stream, also where a selection follows
    if isinstance(module, nn.ReLU):
        return leaving.numel()
    return _area(module.kernel_size) * leaving.numel()


def _area(kernel_size: Any) -> int:
    return kernel_size * kernel_size if isinstance(kernel_size, int) else kernel_size[0] * kernel_size[1]
