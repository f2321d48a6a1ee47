"""The stated interval against simulated runs whose true energy is known, in strata where one cause dominates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters.base import Channel
from results.uncertainty import causes
from results.uncertainty.budget import BIAS, BRACKET, NORMAL, Budget, Component, ratio, total
from results.uncertainty.coverage import factor, half_width
from results.uncertainty.samples import Samples
from tests.results.simulated import SECOND, Sensor, simulate

RUNS, MANY = 400, 2000  # of each stratum, here and in `make soak`


def between(rng, low, high):
    """Log-uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def gain_stratum(rng):
    rate = between(rng, 1, 1000)
    sensor = Sensor(rate, rng.uniform(0.005, 0.03), 0.001, noise_W=0.01, update_s=rng.choice([0.0, 2.5 / rate]))
    return sensor, rng.integers(1000, 3000) / rate, 2.5, 9.0


def offset_stratum(rng):
    rate = between(rng, 1, 1000)
    return Sensor(rate, 0.0005, rng.uniform(0.01, 0.05), noise_W=0.01), rng.integers(1000, 3000) / rate, 1.0, 3.0


def edge_stratum(rng):
    """Slow meters and short windows, or the 0.43 s filter of an INA3221 on R32."""
    if rng.uniform() < 0.5:
        rate = between(rng, 1, 10)
        return Sensor(rate, 0.0001, noise_W=0.005), rng.integers(30, 200) / rate, 2.5, rng.uniform(6, 12)
    rate = between(rng, 10, 100)
    return Sensor(rate, 0.0001, noise_W=0.005, tau_s=0.43), rng.integers(100, 2000) / rate, 2.5, rng.uniform(6, 12)


def quantisation_stratum(rng):
    rate = between(rng, 20, 1000)
    sensor = Sensor(rate, 0.0001, resolution_W=rng.choice([0.0766, 0.0383, 0.0192]))
    return sensor, rng.integers(1000, 3000) / rate, rng.uniform(1.5, 3), rng.uniform(4, 9)


def gap_stratum(rng):
    rate = between(rng, 10, 1000)
    sensor = Sensor(rate, 0.0005, noise_W=0.01, dropped_share=rng.uniform(0.02, 0.05))
    return sensor, rng.integers(1000, 3000) / rate, 2.5, rng.uniform(6, 12)


def every_cause(rng):
    """A real meter has them all at once."""
    rate = between(rng, 1, 1000)
    tau_s = 0.43 if rate >= 5 and rng.uniform() < 0.4 else 0.0
    sensor = Sensor(
        rate, rng.uniform(0, 0.02), rng.uniform(0, 0.02), rng.choice([0.001, 0.0192, 0.0766]), tau_s, noise_W=0.01,
        update_s=rng.choice([0.0, 2.5 / rate]), dropped_share=rng.choice([0.0, 0.02]), jitter=0.3,
    )  # fmt: skip
    return sensor, max(rng.integers(200, 3000) / rate, 8.0 if tau_s else 1.0), 2.5, rng.uniform(5, 12)


STRATA = {
    "gain": (gain_stratum, {"gain"}),
    "offset": (offset_stratum, {"offset"}),
    "edges": (edge_stratum, {"edges", "lag", "noise"}),
    "quantisation": (quantisation_stratum, {"quantisation"}),
    "gaps": (gap_stratum, {"gaps"}),
    "all": (every_cause, {"gain", "offset", "edges", "lag", "noise", "quantisation", "gaps", "staleness"}),
}


def measured(rng, sensor, window_s, idle_W, load_W):
    """(true J, measured J, interval, its widest cause)"""
    run = simulate(rng, sensor, window_s, idle_W, load_W, switch_s=window_s * rng.uniform(0.05, 0.3))
    joules = run.samples.energy([run.window])
    budget = causes.budget(run.samples, [run.window], run.samples.energy([run.window]), "meter", run.idle_W)
    return run.true_J, joules, budget.interval(joules), next(iter(budget.by_cause()))


def covered(stratum, runs):
    """Share of runs whose true energy the interval covers; by how much wider it is, on average, than the narrowest
    about the same middles that covers 95 %; share of runs in which the stratum's own causes are the widest."""
    draw, dominant = STRATA[stratum]
    rows, widest = [], []
    for index in range(runs):
        rng = np.random.default_rng([2020, index])
        true_J, _, interval, cause = measured(rng, *draw(rng))
        rows.append((true_J, interval.low, interval.high))
        widest.append(cause in dominant)
    true, low, high = np.array(rows).T
    narrowest = np.quantile(np.abs(true - (low + high) / 2) / ((high - low) / 2), 0.95)
    return np.mean((true >= low) & (true <= high)), 1 / narrowest, np.mean(widest)


@pytest.mark.parametrize("runs", [RUNS, pytest.param(MANY, marks=pytest.mark.soak)])
@pytest.mark.parametrize("stratum", STRATA)
def test_the_stated_interval_covers_the_true_energy_and_is_no_wider_than_it_must_be(stratum, runs):
    share, width, dominant = covered(stratum, runs)
    assert share >= 0.93
    assert width <= 1.3
    assert dominant > 0.95


def test_without_gain_error_energies_are_true_to_a_thousandth():
    errors = []
    for index in range(200):
        rng = np.random.default_rng([7, index])
        rate = between(rng, 1, 1000)
        sensor = Sensor(rate, noise_W=0.02, resolution_W=0.0383, jitter=0.3)
        true_J, joules, _, _ = measured(rng, sensor, rng.integers(1000, 4000) / rate, 2.5, 9.0)
        errors.append(abs(joules / true_J - 1))
    assert np.median(errors) <= 0.001


def test_with_a_known_filter_taken_back_too():
    """An INA3221 behind its 0.43 s filter, 10 to 100 Hz."""
    errors = []
    for index in range(100):
        rng = np.random.default_rng([8, index])
        rate = between(rng, 10, 100)
        sensor = Sensor(rate, noise_W=0.02, resolution_W=0.0383, jitter=0.3, tau_s=0.43)
        window_s = rng.integers(1000, 4000) / rate
        run = simulate(rng, sensor, window_s, 2.5, 9.0, switch_s=window_s * rng.uniform(0.05, 0.3))
        joules = run.samples.energy([run.window]) + causes.lag_J(run.samples, [run.window])
        errors.append(abs(joules / run.true_J - 1))
    assert np.median(errors) <= 0.001


def test_a_known_error_that_is_left_in_widens_its_side_by_all_of_itself():
    """Chance cannot even it out: 1 J that a filter holds back, beside a gain of 1 J."""
    budget = Budget({"lag/m": Component(1.0, 1.0, BIAS), "gain/m": Component(-1.0, 1.0)})
    interval = budget.interval(10.0)
    assert (interval.low, interval.high) == (pytest.approx(10 - 0.95), pytest.approx(10 + 1 + 0.95))


def test_a_filter_owes_nothing_across_a_gap():
    """What it held back when the gap began is lost in the gap."""
    rng = np.random.default_rng(4)
    sensor = Sensor(50.0, tau_s=0.43, dropped_share=0.05)
    run = simulate(rng, sensor, 20.0, 2.5, 9.0, switch_s=4.0)
    holes = run.samples.gaps_in([run.window])
    within = sum(run.samples.at(stop) - run.samples.at(start) for start, stop in holes)
    whole = run.samples.at(run.window[1]) - run.samples.at(run.window[0])
    assert holes and causes.lag_J(run.samples, [run.window]) == pytest.approx(0.43 * (whole - within))


def test_a_known_filter_can_be_taken_back():
    """Corrected, the energy of a filtered signal is the true one; its interval is far narrower than uncorrected."""
    rng = np.random.default_rng(3)
    run = simulate(rng, Sensor(50.0, tau_s=0.43), 20.0, 2.5, 9.0, switch_s=100.0)
    joules = run.samples.energy([run.window])
    lag = causes.lag_J(run.samples, [run.window])
    assert abs(joules / run.true_J - 1) > 0.01
    assert joules + lag == pytest.approx(run.true_J, rel=2e-3)
    plain = causes.budget(run.samples, [run.window], run.samples.energy([run.window]), "m", 2.5)
    corrected = causes.budget(run.samples, [run.window], run.samples.energy([run.window]), "m", 2.5, correct_lag=True)
    assert corrected.half_width() < plain.half_width() / 2


def constant(watts, seconds=10.0, rate=100, **channel):
    t = (np.arange(int((seconds + 2) * rate)) * SECOND // rate).astype(np.int64)
    return Samples(
        "a", Channel("out", "dc_input", **channel), t, np.full(len(t), watts), np.ones(len(t), bool), 1 / rate
    )


@pytest.mark.parametrize("shape", ["instant", "mean_over_period"])
def test_short_stretches_hold_what_all_their_samples_say(shape):
    rng = np.random.default_rng(1)
    t = np.cumsum(rng.integers(1, 2 * SECOND, 50))
    samples = Samples("a", Channel("out", "dc_input", shape), t, rng.uniform(1, 9, 50), np.ones(50, bool), 1.0)
    start = rng.integers(t[0], t[-1], 20)
    stop = np.minimum(start + rng.integers(0, 5 * SECOND, 20), t[-1] + SECOND)
    wanted = [samples.energy([span]) for span in zip(start.tolist(), stop.tolist(), strict=True)]
    assert samples.short_J(start, stop) == pytest.approx(wanted, abs=1e-9)


def test_components_by_hand():
    """10 s at 5 W: gain 2 % is 1 J, offset 10 mW is 0.1 J, a step of 50 mW on a plateau is 0.25 J, all rectangular."""
    samples = constant(5.0, gain_error=0.02, offset_error_W=0.01, resolution_W=0.05)
    budget = causes.budget(samples, [(SECOND, 11 * SECOND)], samples.energy([(SECOND, 11 * SECOND)]), "m", 2.0)
    assert (budget["gain/m/out"].low, budget["gain/m/out"].high) == pytest.approx((-1.0, 1.0))
    assert budget["offset/m/out"].half == pytest.approx(0.1)
    assert budget["quantisation/a/100"].half == pytest.approx(0.25)
    assert set(budget) == {"gain/m/out", "offset/m/out", "quantisation/a/100"}


def test_rounding_averages_down_only_where_readings_scatter():
    rng = np.random.default_rng(0)
    flat = constant(5.0, 100.0, resolution_W=0.05)
    noisy = Samples("a", flat.channel, flat.t_ns, np.rint((5 + rng.normal(0, 0.1, len(flat.t_ns))) / 0.05) * 0.05,
                    flat.fresh, flat.period_s)  # fmt: skip
    span = np.array([(SECOND, 101 * SECOND)])

    def half(samples):
        return Budget(causes.quantisation(samples, span)).half_width()

    assert half(flat) == pytest.approx(0.95 * 0.025 * 100)
    assert half(noisy) < 0.05 * half(flat)


def test_a_gap_is_bracketed_between_idle_and_the_highest_power():
    samples = constant(5.0)
    t = samples.t_ns
    kept = (t <= 4 * SECOND) | (t >= 6 * SECOND)
    watts = samples.watts.copy()
    watts[20] = 9.0
    gapped = Samples(
        "a", samples.channel, t[kept], watts[kept], kept[kept], samples.period_s, [(4 * SECOND, 6 * SECOND)]
    )
    (component,) = causes.gaps(gapped, np.array([(SECOND, 11 * SECOND)]), 2.0).values()
    assert component.low == pytest.approx(2 * (2.0 - 5.0)) and component.high == pytest.approx(2 * (9.0 - 5.0))


def test_gain_cancels_in_a_ratio_and_offset_partly():
    gain = {"gain/m/out": Component(-2.0, 2.0), "noise/a": Component(-0.1, 0.1, NORMAL)}
    other = {"gain/m/out": Component(-1.0, 1.0), "noise/b": Component(-0.1, 0.1, NORMAL)}
    quotient = ratio((100.0, Budget(gain)), (50.0, Budget(other)))
    assert quotient.value == 2.0
    assert quotient.expanded == pytest.approx(1.96 * 2 * np.hypot(0.001, 0.002), rel=1e-3)
    same = ratio((100.0, Budget(gain)), (100.0, Budget(gain)))
    assert same.expanded == pytest.approx(0.0, abs=1e-12)


def test_brackets_may_all_be_nothing_at_once():
    """Three rectangles of 2 J below the value would leave it 1 J outside."""
    noise = {"noise/a": Component(-0.1, 0.1, NORMAL)}
    brackets = {f"gaps/a/{start}": Component(-2.0, 0.0, BRACKET) for start in range(3)}
    interval = Budget({**noise, **brackets}).interval(100.0)
    assert interval.high == pytest.approx(100 + 1.96 * 0.1, rel=1e-3)
    assert interval.low == pytest.approx(97 - 1.92 * np.hypot(0.1, 1.0), rel=1e-3)


def test_budgets_add_what_is_the_same_error():
    part = Budget({"gain/m/out": Component(-1.0, 1.0), "noise/a": Component(-1.0, 1.0, NORMAL)})
    later = Budget({"gain/m/out": Component(-1.0, 1.0), "noise/b": Component(-1.0, 1.0, NORMAL)})
    both = part + later
    assert both["gain/m/out"].half == 2.0
    assert set(both) == {"gain/m/out", "noise/a", "noise/b"}
    assert list(both.by_cause()) == ["noise", "gain"]


def test_an_asymmetric_error_moves_the_interval():
    interval = Budget({"lag/m/out": Component(0.0, 2.0)}).interval(10.0)
    assert (interval.low, interval.high) == (pytest.approx(10.05), pytest.approx(11.95))


@pytest.mark.parametrize("share, expected", [(0.0, 1.960), (0.5, 1.918), (1.0, 1.645)])
def test_coverage_factors_between_normal_and_rectangular(share, expected):
    assert factor(share) == pytest.approx(expected, abs=2e-3)


@given(st.lists(st.floats(0.01, 5), min_size=1, max_size=5), st.lists(st.floats(0.01, 5), max_size=3))
def test_coverage_of_any_mixture_is_within_three_percent_of_a_simulation(halves, sds):
    rng = np.random.default_rng(1)
    errors = sum(rng.uniform(-half, half, 40000) for half in halves) + sum(rng.normal(0, sd, 40000) for sd in sds)
    assert half_width(halves, sds) == pytest.approx(np.quantile(np.abs(errors), 0.95), rel=0.03)


@given(st.floats(0.1, 10), st.floats(0.1, 5))
def test_equal_errors_cancel(half, factor_):
    budget = Budget({"gain/m/out": Component(-half, half)})
    assert budget.times(factor_).half_width() == pytest.approx(factor_ * budget.half_width())
    assert total([budget, budget.times(-1.0)]).half_width() == 0
