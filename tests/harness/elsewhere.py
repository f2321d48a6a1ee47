"""Stages with real load pulses, and what a meter at another host recorded of them on its own clock."""

import json

import numpy as np

from harness import rundir
from tests.harness import timeline
from tests.harness.recording import write_rep, write_trace
from tests.harness.relabelled import relabel
from tests.harness.timeline import MS, Work, attempt, power_steps
from tests.harness.watched import Load, seen

SECOND = 10**9
UTC_0 = 1767225600 * SECOND  # what the board's UTC is at 0 of its monotonic clock
WORK = Work("train", 0, 4)
BOOT = "boot-1"


def longer(monkeypatch):
    """An idle in which pulses of half a second can be seen, and epochs of seconds."""
    for phase, milliseconds in {"idle": 4000, "sync": 3000, "epoch": 6000, "cooldown": 3000}.items():
        monkeypatch.setitem(timeline.DURATION_MS, phase, milliseconds)


def load_of(*attempts):
    """True power over the board's clock, in seconds from its 0; idle before, between and after the attempts."""
    steps = []
    for lines in attempts:
        for start, stop, watts in power_steps(lines, lines[-1]["t_ns"] + 1):
            in_sync = watts == timeline.WATTS["sync"]
            edges = np.linspace(start, stop, 7) if in_sync else [start, stop]
            for number, (low, high) in enumerate(zip(edges, edges[1:])):
                steps.append((low, high, timeline.WATTS["idle"] if in_sync and number % 2 else watts))
    edges, watts = [0.0], []
    for low, high, level in steps:
        if low / 1e9 > edges[-1] + 1e-9:
            edges.append(low / 1e9)
            watts.append(timeline.WATTS["idle"])
        edges.append(high / 1e9)
        watts.append(level)
    return Load(edges + [edges[-1] + 1000.0], watts + [timeline.WATTS["idle"]])


def record(path, load, start_s, stop_s, meter, rate_Hz=20, shape="instant", seed=1, **errors):
    """A trace of the load on the board's own clock."""
    series = seen(np.random.default_rng(seed), _shifted(load, start_s), stop_s - start_s, rate_Hz, shape, **errors)
    samples = [(round((t + start_s) * 1e9), w) for t, w in zip(series.t_s.tolist(), series.watts.tolist())]
    write_trace(path, samples, meter, 1, boot=BOOT, shape=shape)
    relabel(path, period_s=1 / rate_Hz)
    return path


def _shifted(load, start_s):
    return Load(load.edges_s - start_s, load.watts)


def stage(rep, lines, own=True, board_utc=0):
    """A complete stage; its own meter `wall` is right."""
    start_s, stop_s = lines[0]["t_ns"] / 1e9 - 0.3, lines[-1]["t_ns"] / 1e9 + 0.3
    write_rep(rep, [lines], meters=["wall"] if own else [], complete=False)
    if own:
        record(rep.trace("wall", 1), load_of(lines), start_s, stop_s, "wall")
    anchors = [
        {"monotonic_ns": t_ns, "utc_ns": UTC_0 + board_utc + t_ns, "boottime_ns": t_ns, "boot_id": BOOT, "attempt": 1}
        for t_ns in (lines[0]["t_ns"], lines[-1]["t_ns"])
    ]
    rep.clock.write_text("".join(json.dumps(anchor) + "\n" for anchor in anchors))
    rundir.seal(rep)
    return rep


def elsewhere(path, shift_ns=0, drift=0.0, utc=True):
    """Put a trace on the clock of another host: its times are the board's less `shift_ns`, running off by `drift`."""
    first = relabel(path, shift_ns=-shift_ns, drift=drift, clock={"host": "laptop", "boot_id": "other"})
    if utc:
        at_ns = 2000 * SECOND
        relabel(path, anchor={"monotonic_ns": at_ns - shift_ns, "utc_ns": UTC_0 + at_ns})
    return first


def begun(t_s, monkeypatch=None):
    return attempt(WORK, t_ns=int(t_s * SECOND))


def end_s(lines):
    return lines[-1]["t_ns"] / 1e9


__all__ = ["MS", "begun", "elsewhere", "end_s", "load_of", "longer", "record", "stage"]
