"""What an emulated board has drawn: the joules that a measurement of it is held against."""

import json

import numpy as np

from tests.harness.command import harness
from tests.meters.bench import emulated


def drawn_J(log, start_ns, stop_ns):
    """The emulator's own joules of a window, between its own samples; `log`: its lines."""
    times = [line["sample_ns"] for line in log]
    slack_ns = 2 * (times[-1] - times[0]) / len(times)  # a trace may begin a little before the first line
    assert times[0] - slack_ns <= start_ns and stop_ns <= times[-1] + slack_ns, "the log does not cover the window"
    low, high = np.interp([start_ns, stop_ns], times, [line["joules"] for line in log])
    return high - low


def read_log(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def measured(kind, options, folder, seconds, *emulation):
    """Figures of `harness measure` at an emulated meter around a sleep, and what was drawn in the same window."""
    with emulated(kind, folder, *emulation) as bench:
        meter = "{}:name=bench,port={}{}".format(kind, bench.port, options)
        done = harness("measure", "--out", folder / "m", "--meter", meter, "--", "sleep", seconds)
        log = bench.log()
    assert done.returncode == 0, done.stderr
    begin, end = [line["t_ns"] for line in read_log(folder / "m" / "events.jsonl") if line.get("phase") == "command"]
    return json.loads((folder / "m" / "measure.json").read_text()), drawn_J(log, begin, end)
