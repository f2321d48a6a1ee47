"""Quantisers equal their definitions to the bit, in exact arithmetic; stochastic rounding is unbiased."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workloads import WorkloadError
from workloads.quantize import (
    block_floating_point,
    shift,
    wage_accumulate,
    wage_error,
    wage_grid,
    wage_update,
)

floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
moderate = st.floats(-4, 4, width=32)
rows = st.integers(1, 5).flatmap(
    lambda size: st.lists(st.lists(floats | moderate, min_size=size, max_size=size), min_size=1, max_size=4)
)


def _exponent(values):
    """floor(log2(max |x|)), exactly; subnormal numbers included."""
    return math.frexp(max(abs(value) for value in values))[1] - 1


def _slow_block(values, bits, offsets):
    """One block by the definition, in rational arithmetic: q = floor(x / s + u), |q| <= 2^(bits - 1) - 1."""
    if not any(values):
        return [0.0] * len(values)
    scale = Fraction(2) ** (_exponent(values) - (bits - 2))
    limit = 2 ** (bits - 1) - 1
    quotients = [math.floor(Fraction(x) / scale + Fraction(u)) for x, u in zip(values, offsets)]
    return [float(max(-limit, min(limit, q)) * scale) for q in quotients]


@given(rows, st.sampled_from([2, 4, 8, 16]))
def test_nearest_is_exact(values, bits):
    tensor = torch.tensor(values, dtype=torch.float32)
    expected = [_slow_block(row, bits, [0.5] * len(row)) for row in tensor.tolist()]
    assert block_floating_point(tensor, bits, rounding="nearest").tolist() == expected


@given(st.lists(st.lists(moderate, min_size=3, max_size=3), min_size=1, max_size=4), st.integers(0, 999))
def test_stochastic_is_the_definition_with_the_generators_numbers(values, seed):
    tensor = torch.tensor(values, dtype=torch.float64)
    generator = torch.Generator().manual_seed(seed)
    found = block_floating_point(tensor, generator=generator)
    offsets = torch.rand(tensor.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    expected = [_slow_block(row, 8, shifts) for row, shifts in zip(tensor.tolist(), offsets.tolist())]
    assert found.tolist() == expected


@given(rows)
def test_representable_numbers_stay(values):
    tensor = torch.tensor(values, dtype=torch.float32)
    once = block_floating_point(tensor, rounding="nearest")
    for rounding in ("nearest", "stochastic"):
        assert torch.equal(block_floating_point(once, rounding=rounding), once)


@given(rows)
def test_stochastic_moves_less_than_one_step(values):
    tensor = torch.tensor(values, dtype=torch.float32)
    for row, found in zip(tensor.tolist(), block_floating_point(tensor).tolist()):
        step = Fraction(2) ** (_exponent(row) - 6) if any(row) else 1
        assert all(abs(Fraction(x) - Fraction(q)) < step or abs(q / float(step)) == 127 for x, q in zip(row, found))


def test_stochastic_is_unbiased():
    tensor = torch.full((1, 200001), 0.3)
    tensor[0, 0] = 1  # fixes the step at 1/64: 0.3 is 19.2 steps
    found = block_floating_point(tensor, generator=torch.Generator().manual_seed(0))[0, 1:] * 64
    assert set(found.tolist()) == {19.0, 20.0}
    assert abs(found.mean().item() - 19.2) < 5 * 0.4 / 200000**0.5


def test_a_whole_step_never_rises_by_chance():
    """127 + u rounds to 128 in float32 for the largest u below 1."""
    tensor = torch.full((1, 2000000), 100.0)
    assert torch.equal(block_floating_point(tensor, generator=torch.Generator().manual_seed(0)), tensor)


def test_by_hand():
    weight = torch.tensor([[1.0, 0.5, -1.999], [0.0, 0.0, 0.0], [3e-3, -1e-3, 2.9e-6]])
    found = block_floating_point(weight, rounding="nearest")
    step = 2.0**-15  # 3e-3 lies in [2^-9, 2^-8)
    assert found.tolist() == [[1.0, 0.5, -127 / 64], [0, 0, 0], [98 * step, -33 * step, 0]]


@pytest.mark.parametrize("dim", [0, 1, 2, 3, -1])
def test_one_exponent_per_slice_along_any_dimension(dim):
    torch.manual_seed(0)
    tensor = torch.randn(3, 4, 5, 6) * torch.logspace(-6, 6, 6)
    found = block_floating_point(tensor, dim=dim, rounding="nearest")
    for index in range(tensor.shape[dim]):
        block = tensor.select(dim, index)
        alone = block_floating_point(block.reshape(1, -1), rounding="nearest").reshape(block.shape)
        assert torch.equal(found.select(dim, index), alone)


def test_vectors_have_an_exponent_per_element():
    found = block_floating_point(torch.tensor([1e-6, 1.0, 1e6]), rounding="nearest")
    np.testing.assert_allclose(found.numpy(), [1e-6, 1.0, 1e6], rtol=2**-7)
    assert block_floating_point(torch.tensor(0.75)).item() == 0.75


def test_memory_format_does_not_matter():
    tensor = torch.randn(4, 3, 5, 5)
    results = [
        block_floating_point(layout, generator=torch.Generator().manual_seed(0))
        for layout in (tensor, tensor.contiguous(memory_format=torch.channels_last))
    ]
    assert torch.equal(*results)


def test_divergence_is_not_hidden():
    found = block_floating_point(torch.tensor([[1.0, float("inf")], [float("nan"), 1.0], [1.0, 2.0]]))
    assert torch.isnan(found[:2]).all() and found[2].tolist() == [1, 2]


def test_the_argument_and_its_graph_are_left_alone():
    weight = torch.randn(3, 4, requires_grad=True)
    before = weight.detach().clone()
    for quantise in (block_floating_point, wage_grid, wage_error):
        assert not quantise(weight).requires_grad
    assert torch.equal(weight.detach(), before)


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"bits": 1}, "1 bits"),
        ({"bits": 25}, "2 to 24"),
        ({"rounding": "up"}, "stochastic, nearest"),
        ({"dim": 2}, "dim 2 is none"),
    ],
)
def test_what_cannot_be_quantised(options, sentence):
    with pytest.raises(WorkloadError, match=sentence):
        block_floating_point(torch.ones(2, 2), **options)


def _slow_wage(value, bits):
    """Clip to the outermost grid points, round to the grid, halves to even: in rational arithmetic."""
    steps = 2 ** (bits - 1)
    clipped = max(Fraction(1 - steps, steps), min(Fraction(steps - 1, steps), Fraction(value)))
    return float(Fraction(round(clipped * steps), steps))


@given(st.lists(floats | moderate, min_size=1, max_size=8), st.sampled_from([2, 4, 8]))
def test_wage_weights_and_activations(values, bits):
    tensor = torch.tensor(values, dtype=torch.float32)
    expected = [_slow_wage(value, bits) for value in tensor.tolist()]
    assert wage_grid(tensor, bits).tolist() == expected


@given(st.floats(2.0**-126, 2.0**126, width=32))
def test_shift_is_the_nearest_power_of_two_by_logarithm(value):
    assert shift(torch.tensor(value)).item() == 2.0 ** round(math.log2(value))


@given(st.lists(moderate, min_size=1, max_size=8))
def test_wage_errors_keep_the_direction_of_any_scale(values):
    tensor = torch.tensor(values, dtype=torch.float32)
    found = wage_error(tensor)
    if not any(values):
        assert not found.any()
        return
    scale = 2.0 ** round(math.log2(max(abs(value) for value in tensor.tolist())))
    assert found.tolist() == [_slow_wage(value / scale, 8) for value in tensor.tolist()]


def test_wage_update_steps_by_whole_grid_steps_of_the_largest_gradient():
    gradient = torch.full((100001,), 0.3)
    gradient[0] = -1
    update = wage_update(gradient, lr=8, generator=torch.Generator().manual_seed(0)) * 128
    assert update[0].item() == -8
    assert set(update[1:].tolist()) == {2.0, 3.0}
    assert abs(update[1:].mean().item() - 2.4) < 0.01


def test_wage_weights_stay_inside_their_range_before_a_step():
    weight, update = torch.tensor([1.5, -1.5, 0.25]), torch.tensor([0.0, 1 / 128, 1 / 128])
    assert wage_accumulate(weight, update).tolist() == [127 / 128, -1.0, 0.2421875]
