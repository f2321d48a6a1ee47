"""What a Joulescope's own program records (JLS), read through pyjls.

Stored are means over a millisecond, which keep the energy of up to two million samples a second; pyjls's own statistics
are approximate at the edges of such blocks, so the samples themselves are averaged.
"""

from pathlib import Path
from typing import Any, Dict, List

import numpy as np

from harness.errors import UserError
from harness.foreign.csv import CHANNEL, Columns
from harness.foreign.logs import Lines

BLOCK_S = 0.001
PIECE = 1 << 20  # samples that are held at once
QUANTITIES = {"power": "power_W", "voltage": "voltage_V", "current": "current_A"}
UNITS = {"power": "W", "voltage": "V", "current": "A"}


def read_path(path: Path, total: str, boundary: str) -> Lines:
    pyjls = _library()
    try:
        with pyjls.Reader(str(path)) as reader:
            return _read(pyjls, reader, total, boundary)
    except (RuntimeError, OSError, ValueError) as error:
        raise UserError(f"pyjls can't read it: {error}") from error


def _read(pyjls: Any, reader: Any, total: str, boundary: str) -> Lines:
    signals = {one.name: one for one in reader.signals.values() if UNITS.get(one.name) == one.units}
    if "power" not in signals and not {"voltage", "current"} <= set(signals):
        names = ", ".join(sorted(one.name for one in reader.signals.values()))
        raise UserError(f"it has neither power in W nor voltage in V and current in A; it has: {names}")
    rates = {(one.sample_rate, one.length) for one in signals.values()}
    if len(rates) > 1:
        raise UserError(f"its signals are not sampled together: (rate, samples) {sorted(rates)}")
    rate, length = rates.pop()
    n = max(1, round(rate * BLOCK_S))
    means = _block_means(reader, signals, length, n)
    names = [name for name in QUANTITIES if name in means]
    meter = Columns(tuple(f"{CHANNEL}_{QUANTITIES[name]}" for name in names), total, boundary)
    meter.channels = tuple(channel._replace(shape="mean_over_period") for channel in meter.channels)
    begin_ns = _begin_ns(pyjls, reader, next(iter(signals.values())).signal_id)
    rows = zip(*[[None if value != value else value for value in means[name].tolist()] for name in names])
    ends_ns = [begin_ns + round((count + 1) * n * 1e9 / rate) for count in range(length // n)]
    return Lines(meter, list(zip(ends_ns, rows)), n / rate)


def _block_means(reader: Any, signals: Dict[str, Any], length: int, n: int) -> Dict[str, np.ndarray]:
    """Of each signal, and of volts times amperes where power was not recorded; what does not fill a block is left."""
    parts: Dict[str, List[np.ndarray]] = {name: [] for name in {*signals, "power"}}
    piece = PIECE // n * n or n
    for start in range(0, length // n * n, piece):
        count = min(piece, length // n * n - start)
        read = {name: np.asarray(reader.fsr(one.signal_id, start, count), float) for name, one in signals.items()}
        if "power" not in read:
            read["power"] = read["voltage"] * read["current"]
        for name, values in read.items():
            parts[name].append(values.reshape(-1, n).mean(axis=1))
    return {name: np.concatenate(found) if found else np.empty(0) for name, found in parts.items()}


def _begin_ns(pyjls: Any, reader: Any, signal: int) -> int:
    """UTC of the first sample; 0 where the file does not tell."""
    try:
        return round(1e9 * float(pyjls.time64.as_timestamp(int(reader.sample_id_to_timestamp(signal, 0)))))
    except RuntimeError:
        return 0


def _library() -> Any:
    try:
        import pyjls
    except ImportError:
        raise UserError(
            "a JLS file needs pyjls, on Python >= 3.11: pip install 'edge-energy-harness[jls]', on a laptop if need be"
        ) from None
    return pyjls
