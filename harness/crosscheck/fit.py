"""What one meter says of the power that another one sees: gain, offset, lag and what is left over."""

from typing import NamedTuple

import numpy as np

from harness.crosscheck import lag as lags
from harness.crosscheck.line import Line, fit
from harness.crosscheck.series import Series, points, predictor, slower


class Fit(NamedTuple):
    """reading(t) = gain * reference(t - lag) + offset.

    Standard deviations: of the gain, and of the reading at `centre_W` of the reference.  `lag_within_s`: half of the
    stretch of lags that do as well.  `residual_W`: rms of single readings about the line, away from steps of power.
    """

    gain: float
    offset_W: float
    lag_s: float
    gain_sd: float
    centre_W: float
    centre_sd_W: float
    lag_within_s: float
    residual_W: float
    correlation: float
    readings: int


def compare(reference: Series, meter: Series) -> Fit:
    """The slower of the two is predicted from the other; ValueError where they have nothing in common."""
    if slower(reference, meter) or (len(reference.t_s) < len(meter.t_s) and not slower(meter, reference)):
        return _inverse(_one_way(meter, reference))
    return _one_way(reference, meter)


def _one_way(source: Series, target: Series) -> Fit:
    found = lags.find(source, target)
    predict, some = predictor(source, target), points(target)
    expected = predict(some, found.lag_s)
    near_s = max(found.within_s, source.period_s)
    moved = np.abs(predict(some, found.lag_s + near_s) - predict(some, found.lag_s - near_s))
    known = ~np.isnan(expected) & ~np.isnan(moved)
    rounding_W2 = (source.resolution_W**2 + target.resolution_W**2) / 12
    line = _line(expected[known], some.watts[known], moved[known], rounding_W2)
    return Fit(
        line.slope,
        line.offset,
        found.lag_s,
        line.slope_sd,
        line.centre,
        line.centre_sd,
        found.within_s,
        line.residual,
        found.correlation,
        line.points,
    )


def _line(expected: np.ndarray, read: np.ndarray, moved: np.ndarray, rounding_W2: float) -> Line:
    """Readings count the less, the more power moved about them: there a little time makes a lot of watts."""
    first = fit(expected, read, np.ones(len(read)))
    left = np.abs(read - first.slope * expected - first.offset)
    usual_W2 = max(float(np.median(left)) ** 2, rounding_W2, 1e-8 * float(np.var(read)))
    return fit(expected, read, usual_W2 / (usual_W2 + moved**2))


def _inverse(found: Fit) -> Fit:
    """The same with the meter as reference: what was predicted now predicts."""
    gain = 1 / found.gain
    return found._replace(
        gain=gain,
        offset_W=-found.offset_W * gain,
        lag_s=-found.lag_s,
        gain_sd=found.gain_sd * gain**2,
        centre_W=found.gain * found.centre_W + found.offset_W,
        centre_sd_W=found.centre_sd_W * abs(gain),
        residual_W=found.residual_W * abs(gain),
    )
