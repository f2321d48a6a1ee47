"""Low-precision numbers emulated in floating point: block floating point and the quantisers of WAGE.

Every function returns a new tensor without gradient; the results are exact, on any device, because scales are
powers of two that come from division alone.
"""

from typing import Optional

import torch
from torch import Tensor

from workloads import WorkloadError

ROUNDINGS = ("stochastic", "nearest")


@torch.no_grad()
def block_floating_point(
    tensor: Tensor,
    bits: int = 8,
    dim: int = 0,
    rounding: str = "stochastic",
    generator: Optional[torch.Generator] = None,
) -> Tensor:
    """Integers of `bits` with one exponent per slice along `dim`: per filter of a weight, per sample of a batch.

    A slice whose largest magnitude lies in [2^E, 2^(E+1)) becomes q * 2^(E - bits + 2), |q| < 2^(bits - 1), with
    q = floor(x + u) of the scaled x: u uniform in [0, 1) for `stochastic` (drawn from `generator`), 0.5 for
    `nearest`.  A slice of zeros stays zero; one that is not finite becomes NaN.  What QPyTorch computes, which the
    released code of EB Train relies on.
    """
    _check_bits(bits)
    if rounding not in ROUNDINGS:
        raise WorkloadError(f"no rounding '{rounding}'; there are: {', '.join(ROUNDINGS)}")
    if not -tensor.dim() <= dim < max(tensor.dim(), 1):
        raise WorkloadError(f"dim {dim} is none of a tensor of {tensor.dim()} dimensions")
    others = [index for index in range(tensor.dim()) if index != dim % tensor.dim()]
    peaks = tensor.abs().amax(dim=others, keepdim=True) if others else tensor.abs()
    unit = _power_below(peaks)
    steps, limit = 2.0 ** (bits - 2), 2.0 ** (bits - 1) - 1
    scaled = tensor / unit * steps
    rounded = _stochastic(scaled, generator) if rounding == "stochastic" else _half_up(scaled)
    return rounded.clamp_(-limit, limit).div_(steps).mul_(unit)


@torch.no_grad()
def wage_grid(values: Tensor, bits: int = 8) -> Tensor:
    """WAGE's weights and activations: multiples of 1/S strictly inside (-1, 1), S = 2^(bits - 1).

    Halves round to even.  Wu et al., ICLR 2018, with the scale of every layer at 1, as in EB Train.
    """
    _check_bits(bits)
    steps = 2.0 ** (bits - 1)
    return (values * steps).clamp_(1 - steps, steps - 1).round_().div_(steps)


@torch.no_grad()
def wage_error(error: Tensor, bits: int = 8) -> Tensor:
    """Errors keep their direction only: scaled so that the largest is about 1, then put on the grid."""
    return wage_grid(error / shift(error.abs().max()), bits)


@torch.no_grad()
def wage_update(gradient: Tensor, lr: float, bits: int = 8, generator: Optional[torch.Generator] = None) -> Tensor:
    """What to subtract from the weights: `lr` steps of 1/S where the gradient is largest, rounded stochastically."""
    _check_bits(bits)
    return _stochastic(gradient / shift(gradient.abs().max()) * lr, generator).div_(2.0 ** (bits - 1))


@torch.no_grad()
def wage_accumulate(weight: Tensor, update: Tensor, bits: int = 8) -> Tensor:
    """The weight kept between steps: held inside (-1, 1), then updated."""
    _check_bits(bits)
    limit = 1 - 2.0 ** (1 - bits)
    return weight.clamp(-limit, limit) - update


def shift(values: Tensor) -> Tensor:
    """The power of two nearest on a logarithmic scale, 2^round(log2(x)) for x > 0; 1 for 0, so that 0 / 1 is 0."""
    below = _power_below(values)
    return torch.where(values / below > 2**0.5, 2 * below, below)


def _power_below(values: Tensor) -> Tensor:
    """2^floor(log2(x)) for x > 0, 1 for 0, NaN for what is not finite: x over its mantissa, which is exact."""
    mantissa, _ = torch.frexp(values)
    return torch.where(values == 0, torch.ones_like(values), values / (2 * mantissa))


def _half_up(values: Tensor) -> Tensor:
    """floor(x + 0.5), where x + 0.5 itself would round just below one half."""
    down = values.floor()
    return down.add_((values - down >= 0.5).to(values.dtype))


def _stochastic(values: Tensor, generator: Optional[torch.Generator]) -> Tensor:
    """floor(x + u); the sum is split, so that integers stay what they are for every u below 1."""
    down = values.floor()
    uniform = torch.rand(values.shape, generator=generator, dtype=values.dtype, device=values.device)
    return down.add_((values - down + uniform >= 1).to(values.dtype))


def _check_bits(bits: int) -> None:
    if not 2 <= bits <= 24:
        raise WorkloadError(f"{bits} bits cannot be emulated: use 2 to 24, 8 as in the paper")
