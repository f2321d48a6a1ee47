"""PowerSensor3: a research meter of 20 kHz over USB.  Experimental: written from its documents, never tried on one."""

import contextlib
import time
from typing import Any, Dict, List, Sequence, Tuple

from meters.base import BOUNDARIES, Channel, Row, Sample
from meters.errors import MeterError
from meters.framed import Framed
from meters.powersensor3_sensors import (
    N_SENSORS,
    QUANTITIES,
    RECORD,
    UNSCALED,
    Sensor,
    convert,
    pairs,
    parse_sensor,
    used,
)
from meters.powersensor3_stream import Blocks, Stream, words
from meters.serial_port import SerialPort

SAMPLES_PER_S = 20000
MOST_ROWS_PER_S = 1000
REPLY_S = 2.0
START, STOP, SETTINGS, NEXT, END, VERSION = b"S", b"T", b"R", b" ", b"D", b"V"


def decode(frame: bytes, sensors: Sequence[Sensor] = UNSCALED) -> Dict[str, Any]:
    """One sample: its time and a level of each sensor in use.  `pair0_power_W` and so on are of sensors 0 and 1."""
    found, numbers = words(frame), used(sensors)
    if not pairs(sensors):
        raise MeterError("a PowerSensor3 without a pair of current and voltage sensors measures no power")
    if len(frame) != 2 * (len(numbers) + 1) or len(found.at) != len(numbers) + 1 or not found.is_time[0]:
        raise MeterError(f"no whole PowerSensor3 sample of {len(numbers)} sensors: {bytes(frame).hex()}")
    if found.sensor[1:].tolist() != numbers or found.is_time[1:].any():
        raise MeterError(f"a PowerSensor3 sample of other sensors than {numbers}: {bytes(frame).hex()}")
    row = _known(convert(found.level[None, 1:], sensors)[0].tolist())
    names = [f"pair{pair}_{quantity}" for pair in pairs(sensors) for quantity in QUANTITIES]
    return {"time_us": int(found.level[0]), **dict(zip(names, row))}


class Meter(Framed):
    """`rate`: stored rows per second, each the mean of a block of samples, which keeps the energy.

    `total`: the pairs that make the whole input, `A+B`; a single pair is it.  `boundary`: where they are wired in.
    """

    baud = 4000000  # USB: any will do
    device_clock = True
    steps_back_at_losses = True
    wake_s = 0.0053  # the kernel holds 4 kB
    when_silent = "is it a PowerSensor3, and does no other program use it?"

    def __init__(self, port: str, rate: float = 1000.0, total: str = "", boundary: str = "dc_input") -> None:
        if not 1 <= rate <= MOST_ROWS_PER_S:
            raise MeterError(f"powersensor3: rate={rate:g} is not from 1 to {MOST_ROWS_PER_S} rows per second")
        if boundary not in BOUNDARIES:
            raise MeterError(f"powersensor3: boundary={boundary} is unknown; there are: {', '.join(BOUNDARIES)}")
        self.port, self._total = port, total
        self._block = round(SAMPLES_PER_S / rate)
        self.period_s = self._block / SAMPLES_PER_S
        self.channels = (Channel("pair0", boundary, "mean_over_period"),)  # until the meter has named its pairs
        self._sensors: Tuple[Sensor, ...] = ()
        self._version = ""

    def start(self, port: SerialPort) -> None:
        port.write(STOP)
        time.sleep(0.1)
        port.read_waiting()
        self._version = _ask_version(port)
        self.configure(_ask_sensors(port))
        port.write(START)

    def configure(self, sensors: Sequence[Sensor]) -> None:
        """Channels and decoding for these sensors, from the next byte on."""
        self._sensors = tuple(sensors)
        names = list(pairs(self._sensors).values())
        if not names:
            raise MeterError(f"the PowerSensor3 at {self.port} has no pair of current and voltage sensors in use")
        self.channels = tuple(self.channels[0]._replace(name=name) for name in names)
        self.columns = tuple(f"{name}_{quantity}" for name in names for quantity in QUANTITIES)
        self.total = _whole_input(self._total, names)
        self._stream = Stream(used(self._sensors))
        self._blocks = Blocks(self._block, len(self.columns))

    def close(self) -> None:
        if self._serial is not None:
            with contextlib.suppress(MeterError):  # it may be what has gone
                self._serial.write(STOP)
        super().close()

    def feed(self, data: bytes, now_ns: int) -> List[Sample]:
        """Block means; a block ends with its last sample, and the last one of all has just arrived."""
        broken = self._stream.broken
        times_us, levels = self._stream.push(data)
        self.resynchronisations += self._stream.broken > broken
        if not len(times_us):
            return []
        samples = []
        for end_us, behind_us, values in self._blocks.push(times_us, convert(levels, self._sensors)):
            self._last_ns = max(now_ns - 1000 * behind_us, self._last_ns + 1)
            samples.append(Sample(self._last_ns, 0, 1000 * end_us, _known(values)))
        return samples

    def identity(self) -> Dict[str, object]:
        sensors = [dict(sensor._asdict()) for sensor in self._sensors]
        about = {"version": self._version, "sensors": sensors, "samples_per_row": self._block}
        return {**super().identity(), **about, "note": __doc__.partition("  ")[2]}


def _known(values: Sequence[float]) -> Row:
    """None for a level at the end of its scale, and for a mean with such a one in it."""
    return tuple(None if value != value else value for value in values)


def _ask_version(port: SerialPort) -> str:
    port.write(VERSION)
    deadline, line = time.monotonic() + REPLY_S, b""
    while not line.endswith(b"\n") and time.monotonic() < deadline:
        line += port.read_exactly(1, 0.1)
    return line.decode("ascii", "replace").strip()


def _ask_sensors(port: SerialPort) -> Tuple[Sensor, ...]:
    """All settings; the meter waits for a character before it goes on."""
    port.write(SETTINGS)
    sensors = []
    for _ in range(N_SENSORS):
        record = port.read_exactly(RECORD.size, REPLY_S)
        if not record:
            raise MeterError(f"no reply came from {port.path} in {REPLY_S:g} s: {Meter.when_silent}")
        sensors.append(parse_sensor(record))
        port.write(NEXT)
    if port.read_exactly(1, REPLY_S) != END:
        raise MeterError(f"{port.path} does not end its settings as a PowerSensor3 does: {Meter.when_silent}")
    return tuple(sensors)


def _whole_input(stated: str, names: Sequence[str]) -> Tuple[str, ...]:
    if not stated:
        return tuple(names) if len(names) == 1 else ()
    chosen = tuple(stated.split("+"))
    if not set(chosen) <= set(names) or len(set(chosen)) < len(chosen):
        raise MeterError(f"powersensor3: total={stated} is no sum of different pairs; there are: {', '.join(names)}")
    return chosen
