"""The 20 kHz stream of a PowerSensor3: words of two bytes that find their own place, and the samples they make.

A word is `1 sss llll` and `0 m llllll`: sensor s, marker m, 10-bit level l.  Sensor 7 with the marker set is the time:
the low 10 bits of the device's microseconds, in front of the levels of one sample.
"""

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

TIME_SENSOR, WRAP_US = 7, 1024
STEP_US, STEP_WITHIN_US = 50, 25  # from sample to sample
BACK_US = 1000000
_LONGEST_REST = 4096


class Words(NamedTuple):
    """One element per word; `at` is its place in the bytes, `is_time` tells a time from a level."""

    at: np.ndarray
    sensor: np.ndarray
    is_time: np.ndarray
    level: np.ndarray


def words(data: bytes) -> Words:
    """The words in a piece of the stream: a byte with its top bit set, and one without it behind it."""
    array = np.frombuffer(data, np.uint8)
    first = array >= 0x80
    at = np.flatnonzero(first[:-1] & ~first[1:])
    high, low = array[at].astype(np.int64), array[at + 1].astype(np.int64)
    sensor = high >> 4 & 7
    return Words(at, sensor, (sensor == TIME_SENSOR) & (low >> 6 == 1), (high & 15) << 6 | low & 63)


class Stream:
    """Bytes in, whole samples out; keeps what has only begun.  `broken`: samples that were not whole.

    Ten bits cannot tell how many samples were lost where one is not whole or the next is not the next: 26 ms look like
    one.  There the time steps back by a second, as that of a device that begins anew, and only the host can tell.
    """

    def __init__(self, sensors: Sequence[int]) -> None:
        self._sensors = np.array(sensors, np.int64)
        self._rest = b""
        self._time_us, self._stamp_us, self._whole = 0, -1, True
        self.broken = 0

    def push(self, data: bytes) -> Tuple[np.ndarray, np.ndarray]:
        """Microseconds of the device, int64[n], and levels, int64[n, sensors], of complete samples."""
        data = self._rest + data
        found = words(data)
        stamps = np.flatnonzero(found.is_time)
        sizes = np.diff(np.append(stamps, len(found.at)))
        if len(stamps) and sizes[-1] <= len(self._sensors):
            data, stamps, sizes = data[found.at[stamps[-1]] :], stamps[:-1], sizes[:-1]
        elif len(stamps):
            data = data[found.at[-1] + 2 :]
        self._rest = data[-_LONGEST_REST:]
        if not len(stamps):
            return np.empty(0, np.int64), np.empty((0, len(self._sensors)), np.int64)
        whole = sizes == 1 + len(self._sensors)
        index = stamps[whole][:, None] + 1 + np.arange(len(self._sensors))
        right = (found.sensor[index] == self._sensors).all(axis=1)
        self.broken += len(whole) - int(right.sum())
        whole[whole] = right
        return self._times(found.level[stamps], whole)[whole], found.level[index][right]

    def _times(self, stamps_us: np.ndarray, whole: np.ndarray) -> np.ndarray:
        """Times of stamps, which begin again every 1024 us, of samples that are whole or not."""
        before = self._stamp_us if self._stamp_us >= 0 else stamps_us[0]
        steps = np.diff(stamps_us, prepend=before) % WRAP_US
        lost = np.abs(steps - STEP_US) > STEP_WITHIN_US
        lost[0] &= self._stamp_us >= 0
        lost |= ~np.append(self._whole, whole[:-1])
        times = self._time_us + np.cumsum(np.where(lost, -BACK_US, steps))
        self._time_us, self._stamp_us, self._whole = int(times[-1]), int(stamps_us[-1]), bool(whole[-1])
        return times


class Block(NamedTuple):
    """The time of its last sample, how much of the stream had arrived behind it, and means."""

    end_us: int
    behind_us: int
    values: List[float]


class Blocks:
    """Means over a fixed number of successive samples, which keep the energy; keeps what does not fill one.

    None reaches over a loss: what had gathered before it is lost with it.
    """

    def __init__(self, n_samples: int, n_columns: int) -> None:
        self._n = n_samples
        self._times = np.empty(0, np.int64)
        self._values = np.empty((0, n_columns))

    def push(self, times: np.ndarray, values: np.ndarray) -> List[Block]:
        times, values = np.concatenate([self._times, times]), np.concatenate([self._values, values])
        arrived = np.cumsum(np.maximum(np.diff(times, prepend=times[:1]), 0))
        pieces = [0, *(np.flatnonzero(np.diff(times) < 0) + 1).tolist(), len(times)]
        ends = np.concatenate([np.arange(a + self._n, b + 1, self._n) for a, b in zip(pieces, pieces[1:])]) - 1
        kept = pieces[-2] + (pieces[-1] - pieces[-2]) // self._n * self._n
        self._times, self._values = times[kept:], values[kept:]
        means = values[ends[:, None] + np.arange(1 - self._n, 1)].mean(axis=1)
        behind = arrived[-1:] - arrived[ends]
        return [Block(*one) for one in zip(times[ends].tolist(), behind.tolist(), means.tolist())]
