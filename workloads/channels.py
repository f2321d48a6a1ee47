"""Some channels of [N, C, H, W] taken out, or put back among zeros, in the memory format that the tensor has.

torch's own `index_select` and its gradient leave channels-last tensors in the other format: every layer behind it then
converts them or takes a slower way.
"""

from typing import Any, Tuple

import torch
from torch import Tensor


class Take(torch.autograd.Function):
    """The channels of these numbers, each at most once: [N, C, H, W] -> [N, len(channels), H, W]."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, channels: Tensor) -> Tensor:
        ctx.full = values.shape[1]
        ctx.save_for_backward(channels)
        return _taken(values, channels)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tuple[Tensor, None]:
        return _put(gradient, ctx.saved_tensors[0], ctx.full), None


class Put(torch.autograd.Function):
    """The inverse: channels at these numbers among `full`, zeros elsewhere."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, channels: Tensor, full: int) -> Tensor:
        ctx.save_for_backward(channels)
        return _put(values, channels, full)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tuple[Tensor, None, None]:
        return _taken(gradient, ctx.saved_tensors[0]), None, None


def _taken(values: Tensor, channels: Tensor) -> Tensor:
    if _channels_last(values):
        return values.permute(0, 2, 3, 1)[..., channels].permute(0, 3, 1, 2)
    return values.index_select(1, channels)


def _put(values: Tensor, channels: Tensor, full: int) -> Tensor:
    count, _, height, width = values.shape
    if _channels_last(values):
        among = values.new_zeros((count, height, width, full))
        among[..., channels] = values.permute(0, 2, 3, 1)
        return among.permute(0, 3, 1, 2)
    return values.new_zeros((count, full, height, width)).index_copy_(1, channels, values)


def _channels_last(values: Tensor) -> bool:
    """Whether the channels of a pixel lie side by side."""
    return values.stride(1) == 1 and values.shape[1] > 1
