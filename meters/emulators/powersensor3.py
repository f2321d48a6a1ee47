"""A PowerSensor3 with one pair in use, as its documents describe it."""

from typing import Iterator, List

from meters.emulators.base import Emulator as Base
from meters.emulators.base import Reply
from meters.emulators.truth import Moment
from meters.powersensor3 import END, SAMPLES_PER_S, SETTINGS, START, STOP, VERSION
from meters.powersensor3_sensors import FULL_SCALE_V, N_SENSORS, RECORD, STEPS, Sensor
from meters.powersensor3_stream import TIME_SENSOR, WRAP_US

LINE_V = 19.0
CURRENT = Sensor("ACS", "Jetson", 1.65, 0.12, True)
VOLTAGE = Sensor("DIV", "Jetson", 0.0, 0.11, True)
_UNUSED = Sensor("", "", 0.0, 0.0, False)
_SAMPLE_US = 1000000 // SAMPLES_PER_S


class Emulator(Base):
    """Twenty samples at a time; what ten bits cannot say is carried to the next sample, so that means are right."""

    baud = 4000000
    interval_s = 0.001

    def __init__(self) -> None:
        self._records: Iterator[bytes] = iter(())
        self._streaming = False
        self._carried = [0.0, 0.0]
        self._time_us = 0

    def frame(self, moment: Moment) -> bytes:
        n_samples = round(self.interval_s * SAMPLES_PER_S)
        levels = [_level(CURRENT, moment.watts / LINE_V), _level(VOLTAGE, LINE_V)]
        samples = [self._sample(levels) for _ in range(n_samples)]
        return b"".join(samples) if self._streaming else b""

    def answer(self, data: bytes) -> List[Reply]:
        return [Reply(reply) for reply in map(self._obey, (data[n : n + 1] for n in range(len(data)))) if reply]

    def spoilt(self, frame: bytes) -> bytes:
        """A byte less."""
        return frame[:-3] + frame[-2:]

    def _obey(self, command: bytes) -> bytes:
        if command == VERSION:
            return b"PowerSensor3 emulated\n"
        if command in (START, STOP):
            self._streaming = command == START
        elif command == SETTINGS:
            sensors = [CURRENT, VOLTAGE, *[_UNUSED] * (N_SENSORS - 2)]
            self._records = iter([RECORD.pack(s.kind.encode(), s.pair.encode(), *s[2:]) for s in sensors] + [END])
        return next(self._records, b"")

    def _sample(self, levels: List[float]) -> bytes:
        self._time_us += _SAMPLE_US
        text = word(TIME_SENSOR, True, self._time_us % WRAP_US)
        for sensor, level in enumerate(levels):
            wanted = level + self._carried[sensor]
            self._carried[sensor] = wanted - round(wanted)
            text += word(sensor, False, min(round(wanted), STEPS))
        return text


def word(sensor: int, marker: bool, level: int) -> bytes:
    return bytes([0x80 | sensor << 4 | level >> 6, marker << 6 | level & 63])


def _level(sensor: Sensor, value: float) -> float:
    """At most what ten bits can say."""
    return min((value * sensor.sensitivity + sensor.reference_V) * STEPS / FULL_SCALE_V, STEPS)
