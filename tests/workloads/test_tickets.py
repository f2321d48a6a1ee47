"""Masks, distances and draw rules against slow references written from the paper's words."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from workloads import WorkloadError
from workloads.tickets import Detector, channel_mask, flatten, mask_distance, unflatten

finite = st.floats(-2, 2, width=32)
coarse = st.sampled_from([-0.5, -0.25, -0.0, 0.0, 0.125, 0.25, 0.5])
layers = st.lists(st.lists(finite | coarse, min_size=1, max_size=12), min_size=1, max_size=5)
ratios = st.floats(0.001, 0.999)
VGG16 = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]


def _arrays(values):
    return [np.array(layer, dtype=np.float32) for layer in values]


def _slow_mask(gammas, ratio):
    """Rank every channel of the network by |gamma|; keep those above the one at rank int(total * ratio)."""
    ranked = sorted(abs(gamma) for layer in gammas for gamma in layer.tolist())
    threshold = ranked[int(len(ranked) * ratio)]
    return [[abs(gamma) > threshold for gamma in layer.tolist()] for layer in gammas]


def _slow_distance(a, b):
    pairs = [pair for kept in zip(a, b) for pair in zip(*kept)]
    return sum(x != y for x, y in pairs) / len(pairs)


def _slow_fires(masks, window, epsilon, rule):
    """Does the rule hold after the last of these masks?"""
    if rule == "consecutive":  # the last `window` distances between neighbours in time all smaller than epsilon
        distances = [_slow_distance(a, b) for a, b in zip(masks, masks[1:])]
        return len(distances) >= window and all(d < epsilon for d in distances[-window:])
    recent = masks[-window:]  # none of the older masks in the queue is farther than epsilon from the newest
    return len(recent) == window and not any(_slow_distance(recent[-1], m) > epsilon for m in recent[:-1])


@given(layers, ratios)
def test_mask_is_the_global_strict_threshold(values, ratio):
    gammas = _arrays(values)
    assert [kept.tolist() for kept in channel_mask(gammas, ratio)] == _slow_mask(gammas, ratio)


@given(layers, ratios)
def test_tensors_arrays_and_precisions_give_one_mask(values, ratio):
    gammas = _arrays(values)
    expected = flatten(channel_mask(gammas, ratio))
    tensors = [torch.from_numpy(layer).requires_grad_() for layer in gammas]
    for same in (tensors, [layer.astype(np.float64) for layer in gammas], [t.double() for t in tensors]):
        np.testing.assert_array_equal(flatten(channel_mask(same, ratio)), expected)
    halves = [tensor.detach().bfloat16() for tensor in tensors]
    np.testing.assert_array_equal(
        flatten(channel_mask(halves, ratio)), flatten(channel_mask([half.float() for half in halves], ratio))
    )


@given(layers, ratios, ratios)
def test_a_larger_ratio_keeps_a_subset(values, first, second):
    low, high = sorted((first, second))
    loose, strict = (flatten(channel_mask(_arrays(values), ratio)) for ratio in (low, high))
    assert not (strict & ~loose).any()


@pytest.mark.parametrize("ratio, kept", [(0.1, 3801), (0.3, 2956), (0.5, 2111), (0.7, 1267)])
def test_vgg16_without_ties_prunes_one_more_than_the_rank(ratio, kept):
    gammas = np.split(np.random.RandomState(0).permutation(4224) + 1.0, np.cumsum(VGG16)[:-1])
    assert flatten(channel_mask(gammas, ratio)).sum() == kept


def test_equal_gammas_keep_nothing():
    assert not flatten(channel_mask([np.full(64, 0.5)] * 3, 0.3)).any()


@pytest.mark.parametrize("ratio", [0, 1, -0.1, 1.5, float("nan")])
def test_ratio_outside_the_open_interval(ratio):
    with pytest.raises(WorkloadError, match=r"outside \(0, 1\)"):
        channel_mask([np.ones(4)], ratio)


def test_gammas_that_cannot_be_ranked():
    with pytest.raises(WorkloadError, match="BatchNorm"):
        channel_mask([], 0.5)
    with pytest.raises(WorkloadError, match="NaN"):
        channel_mask([np.array([1.0, float("nan")])], 0.5)


masks_of_equal_shape = st.lists(st.integers(1, 9), min_size=1, max_size=4).flatmap(
    lambda sizes: st.lists(
        st.tuples(*[st.lists(st.booleans(), min_size=size, max_size=size) for size in sizes]),
        min_size=3,
        max_size=9,
    )
)


def _mask(layers_of_mask):
    return [np.array(kept) for kept in layers_of_mask]


@given(masks_of_equal_shape)
def test_distance_is_the_hamming_share_and_a_metric(masks):
    a, b, c = masks[:3]
    assert mask_distance(_mask(a), _mask(b)) == _slow_distance(a, b) == mask_distance(_mask(b), _mask(a))
    assert 0 <= mask_distance(_mask(a), _mask(b)) <= 1
    assert mask_distance(_mask(a), _mask(a)) == 0
    assert mask_distance(_mask(a), _mask(c)) <= _slow_distance(a, b) + _slow_distance(b, c) + 1e-12
    flat = flatten(_mask(a))
    assert mask_distance(flat, torch.from_numpy(flat)) == 0
    assert mask_distance(flat, ~flat) == 1


def test_masks_of_different_networks_have_no_distance():
    with pytest.raises(WorkloadError, match="4 and 5 channels"):
        mask_distance(np.ones(4, dtype=bool), np.ones(5, dtype=bool))


@given(masks_of_equal_shape)
def test_unflatten_undoes_flatten(masks):
    sizes = [len(kept) for kept in masks[0]]
    assert [kept.tolist() for kept in unflatten(flatten(_mask(masks[0])), sizes)] == list(masks[0])
    with pytest.raises(WorkloadError, match="does not fill"):
        unflatten(flatten(_mask(masks[0])), sizes + [1])


@given(
    masks_of_equal_shape,
    st.integers(2, 5),
    st.sampled_from([0.05, 0.1, 0.25, 0.5, 1.0]),
    st.sampled_from(["consecutive", "window"]),
)
def test_detector_follows_its_rule(masks, window, epsilon, rule):
    detector = Detector(window, epsilon, rule)
    fired = [detector.update(_mask(mask)) for mask in masks]
    assert fired == [_slow_fires(masks[: seen + 1], window, epsilon, rule) for seen in range(len(masks))]


@given(masks_of_equal_shape, st.sampled_from(["consecutive", "window"]), st.integers(0, 8))
def test_a_resumed_detector_decides_like_an_uninterrupted_one(masks, rule, at):
    assume(at < len(masks))
    whole, first, second = (Detector(3, 0.3, rule) for _ in range(3))
    for mask in masks[:at]:
        whole.update(_mask(mask))
        first.update(_mask(mask))
    second.resume(first.masks)
    for mask in masks[at:]:
        assert second.update(_mask(mask)) == whole.update(_mask(mask))
        assert second.distances == whole.distances


def _drift(step, count, size=100):
    """Masks that each differ from the one before in `step` further channels."""
    return [np.arange(size) >= step * index for index in range(count)]


def test_consecutive_needs_six_masks_and_window_five():
    still = [np.ones(10, dtype=bool)] * 6
    paper, code = Detector(), Detector(rule="window")
    assert [paper.update(mask) for mask in still] == [False] * 5 + [True]
    assert [code.update(mask) for mask in still] == [False] * 4 + [True] * 2


def test_slow_drift_passes_the_paper_rule_but_not_the_window_rule():
    paper, code = Detector(), Detector(rule="window")
    drifting = _drift(step=3, count=8)
    assert [paper.update(mask) for mask in drifting][-1]
    assert [code.update(mask) for mask in drifting] == [False] * 8
    assert code.distances == [0.12, 0.09, 0.06, 0.03]


def test_a_distance_of_exactly_epsilon_is_not_smaller():
    paper, code = Detector(window=1), Detector(window=2, rule="window")
    fired = [(paper.update(mask), code.update(mask)) for mask in _drift(step=10, count=2)]
    assert fired[-1] == (False, True)


def test_five_masks_of_the_largest_network_take_little_memory():
    detector = Detector()
    for _ in range(9):
        detector.update(np.ones(26560, dtype=bool))
    assert detector.nbytes <= 33000


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"rule": "sometimes"}, "consecutive, window"),
        ({"window": 0}, "too short"),
        ({"window": 1, "rule": "window"}, "too short"),
        ({"epsilon": 0}, "never be met"),
    ],
)
def test_detectors_that_cannot_work(options, sentence):
    with pytest.raises(WorkloadError, match=sentence):
        Detector(**options)


def test_a_detector_follows_one_network():
    detector = Detector()
    detector.update(np.ones(8, dtype=bool))
    with pytest.raises(WorkloadError, match="of 8 channels, not of 9"):
        detector.update(np.ones(9, dtype=bool))


def test_tickets_need_no_torch():
    code = "import sys, workloads.tickets, workloads.ticket_file; sys.exit('torch' in sys.modules)"
    assert subprocess.call([sys.executable, "-c", code]) == 0
