"""Some channels or pixels of [N, C, H, W] taken out, or put back among zeros, in the memory format that the tensor has.

torch's own `index_select` and the gradients of it and of a slice leave channels-last tensors in the other format: every
layer behind them then converts them or takes a slower way.
"""

from typing import Any, Sequence, Tuple

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


class EveryOther(torch.autograd.Function):
    """Every so many-th row and column: [N, C, H, W] -> [N, C, ceil(H / down), ceil(W / right)], a view."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, down: int, right: int) -> Tensor:
        ctx.shape, ctx.steps = values.shape, (down, right)
        return values[:, :, ::down, ::right]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tuple[Tensor, None, None]:
        down, right = ctx.steps
        among = _zeros(gradient, ctx.shape)
        among[:, :, ::down, ::right] = gradient
        return among, None, None


def _taken(values: Tensor, channels: Tensor) -> Tensor:
    if _channels_last(values):
        pixels = values.permute(0, 2, 3, 1)
        return pixels.gather(3, channels.expand(*pixels.shape[:3], -1)).permute(0, 3, 1, 2)
    return values.index_select(1, channels)


def _put(values: Tensor, channels: Tensor, full: int) -> Tensor:
    count, _, height, width = values.shape
    among = _zeros(values, (count, full, height, width))
    if _channels_last(values):
        numbers = channels.expand(count, height, width, -1)
        among.permute(0, 2, 3, 1).scatter_(3, numbers, values.permute(0, 2, 3, 1))
        return among
    return among.index_copy_(1, channels, values)


def _zeros(like: Tensor, shape: Sequence[int]) -> Tensor:
    """[N, C, H, W] in the memory format of `like`."""
    count, channels, height, width = shape
    if _channels_last(like):
        return like.new_zeros((count, height, width, channels)).permute(0, 3, 1, 2)
    return like.new_zeros(shape)


def _channels_last(values: Tensor) -> bool:
    """Whether the channels of a pixel lie side by side."""
    return values.stride(1) == 1 and values.shape[1] > 1
