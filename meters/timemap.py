"""From a device's own clock to the host's: the time at which each sample was taken, not when it arrived."""

import numpy as np

BLOCK_NS = 10 * 10**9  # short enough for a crystal's drift, long enough to hold a frame that was not delayed


def to_host(
    arrival_ns: np.ndarray, device_ns: np.ndarray, transmission_ns: int, block_ns: int = BLOCK_NS
) -> np.ndarray:
    """Host times of the samples of one segment (both int64 and increasing).

    Delays on the way only ever add: in each block the frame with the smallest arrival - device tells how the
    clocks lie; between those frames it is interpolated, and the time on the line is taken off.  No sample is
    dated later than its arrival less that time.
    """
    delay = arrival_ns - device_ns
    knots = _least_per_block(delay, device_ns, block_ns)
    # relative to the first, so that doubles are exact
    offset = np.interp(device_ns - device_ns[0], (device_ns - device_ns[0])[knots], (delay - delay[0])[knots])
    mapped = device_ns + delay[0] + np.rint(offset).astype(np.int64)
    return np.minimum(mapped, arrival_ns) - transmission_ns


def strictly_increasing(t_ns: np.ndarray) -> np.ndarray:
    """The times with each at least 1 ns after the one before; those that are in order stay as they are."""
    steps = np.arange(len(t_ns), dtype=np.int64)
    return np.maximum.accumulate(t_ns - steps) + steps


def _least_per_block(delay: np.ndarray, device_ns: np.ndarray, block_ns: int) -> np.ndarray:
    """Index of the first smallest delay in each of the equal blocks, none shorter than `block_ns` but a lone one."""
    span = int(device_ns[-1] - device_ns[0])
    edges = np.linspace(0, span, max(1, span // block_ns) + 1)[:-1]
    starts = np.unique(np.searchsorted(device_ns - device_ns[0], edges))
    least = np.repeat(np.minimum.reduceat(delay, starts), np.diff(np.append(starts, len(delay))))
    found = np.flatnonzero(delay == least)
    return found[np.searchsorted(found, starts)]
