"""The settings that a PowerSensor3 keeps of its inputs, and what its levels mean with them."""

import math
import re
import struct
from typing import Dict, List, NamedTuple, Sequence

import numpy as np

from meters.errors import MeterError

N_SENSORS = 8
FULL_SCALE_V, STEPS = 3.3, 1023
QUANTITIES = ("power_W", "voltage_V", "current_A")
MOST_V = 1000.0  # no reference and no sensitivity is larger
RECORD = struct.Struct("<16s16sff?")


class Sensor(NamedTuple):
    """One input; even ones measure current, odd ones the voltage of the same pair."""

    kind: str = ""
    pair: str = ""
    reference_V: float = 0.0
    sensitivity: float = 1.0  # V per A, or per V
    in_use: bool = True


UNSCALED = (Sensor(),) * N_SENSORS


def parse_sensor(record: bytes) -> Sensor:
    """One of the eight records that the meter sends when asked; MeterError when it cannot be one."""
    if len(record) != RECORD.size:
        raise MeterError(f"a PowerSensor3 setting of {len(record)} bytes instead of {RECORD.size}")
    kind, pair, reference_V, sensitivity, in_use = RECORD.unpack(record)
    if in_use and not (math.isfinite(reference_V) and math.isfinite(sensitivity) and sensitivity):
        raise MeterError("a PowerSensor3 sensor in use is not calibrated: set it with the vendor's psconfig")
    if not (_text(kind) + _text(pair) + " ").isprintable() or abs(reference_V) > MOST_V or abs(sensitivity) > MOST_V:
        raise MeterError("a PowerSensor3 setting was garbled on the line, or this is no PowerSensor3: try again")
    return Sensor(_text(kind), _text(pair), reference_V, sensitivity, bool(in_use))


def used(sensors: Sequence[Sensor]) -> List[int]:
    """The numbers of the sensors whose levels are in the stream."""
    return [number for number, sensor in enumerate(sensors) if sensor.in_use]


def pairs(sensors: Sequence[Sensor]) -> Dict[int, str]:
    """The pairs that measure power, each with a name that no other has."""
    names: Dict[int, str] = {}
    for n in range(len(sensors) // 2):
        if sensors[2 * n].in_use and sensors[2 * n + 1].in_use:
            name = re.sub(r"[^A-Za-z0-9]", "_", sensors[2 * n].pair) or f"pair{n}"
            names[n] = f"{name}_{n}" if name in names.values() else name
    return names


def convert(levels: np.ndarray, sensors: Sequence[Sensor]) -> np.ndarray:
    """Levels [n, sensors in use] to the watts, volts and amperes of each pair, [n, 3 * pairs].

    NaN where a level is at the end of its scale, for what is beyond it nobody knows: the upper end, and the lower end
    of a sensor whose zero lies above it."""
    numbers = used(sensors)
    references = np.array([sensors[number].reference_V for number in numbers])
    sensitivities = np.array([sensors[number].sensitivity for number in numbers])
    values = (levels * (FULL_SCALE_V / STEPS) - references) / sensitivities
    values[(levels >= STEPS) | ((levels <= 0) & (references > 0))] = np.nan
    columns: List[np.ndarray] = []
    for pair in pairs(sensors):
        amps, volts = values[:, numbers.index(2 * pair)], values[:, numbers.index(2 * pair + 1)]
        columns += (volts * amps, volts, amps)
    return np.column_stack(columns)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("ascii", "replace").strip()
