"""What an emulated board has drawn: the joules that a measurement of it is held against."""

import json

import numpy as np


def drawn_J(log, start_ns, stop_ns):
    """The emulator's own joules of a window, between its own samples; `log`: its lines."""
    times = [line["sample_ns"] for line in log]
    low, high = np.interp([start_ns, stop_ns], times, [line["joules"] for line in log])
    return high - low


def read_log(path):
    return [json.loads(line) for line in path.read_text().splitlines()]
