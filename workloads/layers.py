"""Layers that let a narrowed network keep the full width of its residual stream.

Each holds the channel numbers of its ticket as a buffer (first the `kept` ones, then those that pad them to
`executed` channels), and none at all when the ticket keeps the whole stream.
"""

from typing import Optional

import torch
from torch import Tensor, nn
from torch.nn import functional

from workloads.channels import EveryOther, Put, Take


class Shortcut(nn.Conv2d):
    """A 1x1 convolution, strided or not.

    On a CPU the pixels that it looks at are picked first: oneDNN's gradient of a strided one, channels-last and with
    fewer than 16 input channels, writes past its memory (oneDNN issue 6035, in torch 2.13).
    """

    def __init__(self, entering: int, leaving: int, stride: int) -> None:
        super().__init__(entering, leaving, kernel_size=1, stride=stride, bias=False)

    def forward(self, stream: Tensor) -> Tensor:
        if stream.device.type != "cpu" or self.stride == (1, 1):
            return super().forward(stream)
        down, right = self.stride
        return functional.conv2d(EveryOther.apply(stream, down, right), self.weight)


class Select(nn.Module):
    """Some channels of the residual stream: [N, full, H, W] -> [N, executed, H, W]."""

    channels: Tensor

    def __init__(self, full: int, kept: int, executed: int) -> None:
        super().__init__()
        self.narrows = kept < full
        if self.narrows:
            self.register_buffer("channels", torch.arange(executed))

    def forward(self, stream: Tensor) -> Tensor:
        return Take.apply(stream, self.channels) if self.narrows else stream


class NormThenSelect(nn.BatchNorm2d):
    """BatchNorm of the stream, then some of its channels: [N, full, H, W] -> [N, executed, H, W].

    Only the channels that are selected are normalised: the others' scales and statistics stay as they are.
    """

    channels: Tensor

    def __init__(self, full: int, kept: int, executed: int) -> None:
        super().__init__(full)
        self.narrows = kept < full
        if self.narrows:
            self.register_buffer("channels", torch.arange(executed))

    def forward(self, stream: Tensor) -> Tensor:
        if not self.narrows:
            return super().forward(stream)
        mean, variance = self.running_mean[self.channels], self.running_var[self.channels]
        scale, shift = self.weight[self.channels], self.bias[self.channels]
        chosen, share = Take.apply(stream, self.channels), self._share()
        normed = functional.batch_norm(chosen, mean, variance, scale, shift, self.training, share, self.eps)
        if self.training:
            self.running_mean[self.channels] = mean
            self.running_var[self.channels] = variance
        return normed

    def _share(self) -> float:
        """Of this batch in the running statistics: `momentum`, or that of a plain mean without one."""
        if self.training:
            self.num_batches_tracked += 1
        return self.momentum if self.momentum is not None else 1 / max(1, int(self.num_batches_tracked))

    @torch.no_grad()
    def silence(self, kept: Optional[int]) -> None:
        """Zero gamma and beta of all channels but the first `kept` of those selected."""
        if self.narrows:
            pruned = torch.ones(self.num_features, dtype=torch.bool, device=self.weight.device)
            pruned[self.channels[:kept]] = False
            self.weight[pruned] = 0
            self.bias[pruned] = 0


class Spread(nn.Module):
    """Adds a branch of some channels, [N, executed, H, W], onto the residual stream, [N, full, H, W] or zeros.

    Channels that pad the branch are dropped, so that no gradient reaches them.
    """

    channels: Tensor

    def __init__(self, full: int, kept: int) -> None:
        super().__init__()
        self.full, self.kept = full, kept
        self.narrows = kept < full
        if self.narrows:
            self.register_buffer("channels", torch.arange(kept))

    def forward(self, branch: Tensor, stream: Optional[Tensor] = None) -> Tensor:
        if self.narrows:
            branch = Put.apply(branch[:, : self.kept], self.channels, self.full)
        return branch if stream is None else stream + branch
