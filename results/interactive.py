"""The zoomable power timeline of the report: what the page's script needs, small enough for any length of run."""

import base64
import zlib
from collections.abc import Iterator, Sequence
from functools import partial
from importlib import resources
from typing import Any, NamedTuple

import numpy as np

from harness.quantities import duration
from results import timeline
from results.envelope import envelope
from results.figures.style import phase_shade, time_unit

MOST_SPANS = 300_000  # of all stages and meters together: 2.4 MB before compression
LEAST_SPANS = 500


def payload(study: Any) -> dict[str, Any]:
    """Stages with their phases, and power as lowest and highest in equal spans of time; numbers and plain text only."""
    runs = [run for run in study.runs.runs() if run.windows() and run.meters]
    series = sum(len(run.attempts) * len(run.meters) for run in runs)
    spans = max(LEAST_SPANS, MOST_SPANS // max(series, 1))
    stages = [_stage(run, spans) for run in runs]
    phases = {phase for stage in stages for part in stage["parts"] for phase, _, _ in part["phases"]}
    colours = {phase: [round(255 * part) for part in phase_shade(phase)[:3]] for phase in sorted(phases)}
    return {"stages": stages, "colours": colours, "labels": {phase: timeline.label(phase) for phase in sorted(phases)}}


def plotly() -> str:
    """The charting library, compressed, in base64."""
    script = resources.files("plotly").joinpath("package_data/plotly.min.js").read_bytes()
    return packed(script, 9)


def packed(content: bytes, level: int = 6) -> str:
    """zlib in base64, which browsers unpack by themselves."""
    return base64.b64encode(zlib.compress(content, level)).decode()


class Curve(NamedTuple):
    """Power as the page holds it: every sample at `t_s`, or without it the extremes in equal spans of time."""

    t_s: np.ndarray | None
    low_W: np.ndarray
    high_W: np.ndarray
    samples_per_span: float


def curve(
    t_ns: np.ndarray,
    power_W: np.ndarray,
    start_ns: int,
    stop_ns: int,
    gaps: Sequence[tuple[int, int]] = (),
    most: int = MOST_SPANS,
) -> Curve:
    """Every sample where that takes no more room than `most` spans, a NaN in each gap; otherwise the extremes."""
    first, last = np.searchsorted(t_ns, (start_ns, stop_ns)).tolist()
    if 3 * (last - first) > 2 * most:  # a sample takes a double and a float, a span two floats
        found = envelope(t_ns, power_W, start_ns, stop_ns, gaps, most)
        return Curve(None, found.low_W, found.high_W, found.samples_per_span)
    t_s = (t_ns[first:last] - start_ns) / 1e9
    holes = np.array([(begin - start_ns + 1) / 1e9 for begin, _ in gaps if start_ns <= begin < stop_ns])
    places = np.searchsorted(t_s, holes)
    power = np.insert(power_W[first:last].astype(float), places, np.nan)
    return Curve(np.insert(t_s, places, holes), power, power, 1.0)


def _stage(run: Any, spans: int) -> dict[str, Any]:
    parts = list(timeline.parts(run, run.meters, partial(curve, most=spans)))
    total_s = sum(part.length_s for part in parts)
    unit_s, unit = time_unit(total_s)
    return {
        "title": f"{timeline.title(run)}, repetition {run.repetition}, {duration(total_s)}",
        "seconds": total_s,
        "unit": unit,
        "unit_s": unit_s,
        "parts": [{"offset": part.offset_s, "phases": [list(phase) for phase in part.phases]} for part in parts],
        "series": [entry for part in parts for entry in _series(run, part)],
    }


def _series(run: Any, part: timeline.Part) -> Iterator[dict[str, Any]]:
    for meter, power in part.power.items():
        entry = {"meter": meter, "simulated": run.simulated(meter), "attempt": part.attempt, "offset": part.offset_s}
        if isinstance(power, str):
            yield {**entry, "lacking": power}
            continue
        values = [power.low_W, power.high_W] if power.t_s is None else [power.low_W]
        times = {} if power.t_s is None else {"times": packed((power.t_s + part.offset_s).astype("<f8").tobytes())}
        yield {
            **entry,
            **times,
            "length": part.length_s,
            "count": len(power.low_W),
            "per_span": power.samples_per_span,
            "packed": packed(np.concatenate(values).astype("<f4").tobytes()),
        }
