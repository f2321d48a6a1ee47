"""The 20 kHz stream of a PowerSensor3: words of two bytes that find their own place, and the samples they make.

A word is `1 sss llll` and `0 m llllll`: sensor s, marker m, 10-bit level l.  Sensor 7 with the marker set is the time:
the low 10 bits of the device's microseconds, in front of the levels of one sample.
"""

from typing import NamedTuple, Sequence, Tuple

import numpy as np

TIME_SENSOR, WRAP_US = 7, 1024
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
    """Bytes in, whole samples out; keeps what has only begun.  `broken`: samples that were not whole."""

    def __init__(self, sensors: Sequence[int]) -> None:
        self._sensors = np.array(sensors, np.int64)
        self._rest = b""
        self._time_us, self._stamp_us = 0, -1
        self.broken = 0

    def push(self, data: bytes) -> Tuple[np.ndarray, np.ndarray]:
        """Microseconds since the stream began, int64[n], and levels, int64[n, sensors], of complete samples."""
        data = self._rest + data
        found = words(data)
        stamps = np.flatnonzero(found.is_time)
        self._rest = (data[found.at[stamps[-1]] :] if len(stamps) else data)[-_LONGEST_REST:]
        if len(stamps) < 2:
            return np.empty(0, np.int64), np.empty((0, len(self._sensors)), np.int64)
        times = self._times(found.level[stamps])[:-1]
        whole = np.diff(stamps) == 1 + len(self._sensors)
        index = stamps[:-1][whole][:, None] + 1 + np.arange(len(self._sensors))
        right = (found.sensor[index] == self._sensors).all(axis=1)
        self.broken += len(whole) - int(right.sum())
        return times[whole][right], found.level[index][right]

    def _times(self, stamps_us: np.ndarray) -> np.ndarray:
        """The stamps begin again every 1024 us; the last of them is the first of the next piece."""
        before = self._stamp_us if self._stamp_us >= 0 else stamps_us[0]
        times = self._time_us + np.cumsum(np.diff(stamps_us, prepend=before) % WRAP_US)
        self._time_us, self._stamp_us = int(times[-1]), int(stamps_us[-1])
        return times


class Blocks:
    """Means over a fixed number of successive samples, which keep the energy; keeps what does not fill one."""

    def __init__(self, n_samples: int, n_columns: int) -> None:
        self._n = n_samples
        self._times = np.empty(0, np.int64)
        self._values = np.empty((0, n_columns))

    def push(self, times: np.ndarray, values: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """The time of the last sample of each block, and its means."""
        times, values = np.concatenate([self._times, times]), np.concatenate([self._values, values])
        full = len(times) // self._n * self._n
        self._times, self._values = times[full:], values[full:]
        means = values[:full].reshape(-1, self._n, values.shape[1]).mean(axis=1)
        return times[self._n - 1 : full : self._n], means
