"""What a trusted meter was found to say of another one, signed by who stands for it: applied on reading, never before.

A file of JSON: reading = gain x truth + offset, what no line explains, the reference with its accuracy, the power mode,
date, signature, and the digest of the evidence.  Samples stay as the meter gave them, with a copy of the file.
"""

import hashlib
import json
import math
import os
from typing import Any, Dict, NamedTuple, Optional, Sequence, Tuple

from meters.base import Channel, Meter
from meters.errors import MeterError

SCHEMA = 1
KIND = "calibration"
_LARGEST_BYTES = 1 << 20
_SCATTER = ("gain_sd", "centre_sd_W", "residual_W")
_NUMBERS = ("gain", "offset_W", "centre_W", *_SCATTER)
_TEXTS = ("date_utc", "signed_by", "power_mode")
_PLACES = ("port", "device", "baud", "path")  # where a meter is plugged in says nothing of which one it is
_SHOWN_DIGITS = 12


class Calibration(NamedTuple):
    """`centre_sd_W` is the standard deviation of a reading at `centre_W`; `residual_W` the most that a level of power
    was off the line.  `reference_*`: the accuracy of the meter that was trusted, None where it is not stated."""

    gain: float
    offset_W: float
    gain_sd: float
    centre_W: float
    centre_sd_W: float
    residual_W: float
    reference_gain_error: Optional[float]
    reference_offset_error_W: float
    content: Dict[str, Any]  # of the file, with `file` and `sha256`

    @property
    def sha256(self) -> str:
        return str(self.content["sha256"])

    @property
    def name(self) -> str:
        """For tables: which file, whose signature, of what."""
        about = self.content
        return (
            f"{about['file']} (signed by {about['signed_by']} on {about['date_utc'][:10]}, against "
            f"{about['reference']['kind']} {about['reference']['name']}, residual {1000 * self.residual_W:.3g} mW, "
            f"sha256 {self.sha256[:_SHOWN_DIGITS]})"
        )

    def corrected(self, watts: Any, parts: int) -> Any:
        """True watts, a number or an array, of a channel that is one of so many that together were calibrated."""
        return (watts - self.offset_W / parts) / self.gain

    def sd_W(self, watts: float) -> float:
        """Standard deviation of the correction of a mean power."""
        return float(math.hypot(self.centre_sd_W, self.gain_sd * (watts - self.centre_W)) / abs(self.gain))

    def declared(self, channels: Sequence[Channel], total: Sequence[str]) -> Tuple[Channel, ...]:
        """The channels, those of the whole input at the reference's boundary: there corrected readings are true."""
        boundaries = self.content["reference"]["boundaries"]
        return tuple(
            channel._replace(boundary=boundaries[0]) if channel.name in total else channel for channel in channels
        )


def load(path: str) -> Calibration:
    """Raises MeterError with a sentence for a file that is no calibration of this harness."""
    try:
        if os.path.getsize(path) > _LARGEST_BYTES:
            raise ValueError("it is too large")
        with open(path, "rb") as file:
            data = file.read()
        content = json.loads(data.decode("utf-8"))
    except OSError as error:
        raise MeterError(
            f"calibration {path} cannot be read: {error.strerror}; harness meters calibrate makes one"
        ) from error
    except ValueError as error:
        raise MeterError(f"calibration {path} is damaged: {error}") from error
    if not isinstance(content, dict):
        raise MeterError(f"calibration {path} is damaged: it holds no JSON object")
    return of(dict(content, file=os.path.basename(path), sha256=hashlib.sha256(data).hexdigest()))


def of(content: Dict[str, Any]) -> Calibration:
    """From the content of a file or the copy of it in a trace, checked as if a stranger had written it."""
    if not isinstance(content, dict):
        raise MeterError("a calibration is a JSON object, and this is none")
    where = f"calibration {content.get('file', '')!r}"
    if content.get("kind") != KIND:
        raise MeterError(f"{where} is no calibration; harness meters calibrate makes one")
    if content.get("schema") != SCHEMA:
        raise MeterError(
            f"{where} has schema {content.get('schema')!r}, this harness applies schema {SCHEMA}: calibrate again"
        )
    try:
        numbers = {name: _number(content[name]) for name in _NUMBERS}
        reference = content["reference"]
        gain_error, offset_error_W = (reference[key] for key in ("gain_error", "offset_error_W"))
        whole = (
            numbers["gain"] > 0
            and min(numbers[name] for name in _SCATTER) >= 0
            and all(isinstance(content[name], str) for name in (*_TEXTS, "file", "sha256"))
            and all(isinstance(reference[name], str) for name in ("name", "kind"))
            and isinstance(content["simulated"], bool)
            and isinstance(content["meter"]["kind"], str)
            and isinstance(content["meter"]["identity"], dict)
            and len(reference["boundaries"]) == 1
        )
        if not whole:
            raise ValueError("a value is not what it should be")
        stated = None if gain_error is None else _number(gain_error)
        return Calibration(
            reference_gain_error=stated,
            reference_offset_error_W=_number(offset_error_W or 0.0),
            content=content,
            **numbers,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise MeterError(f"{where} is damaged: {error!r}") from error


def check(meter: Meter) -> None:
    """MeterError where an opened meter has a calibration, and it is one of another meter."""
    calibration = meter.calibration
    if calibration is None:
        return
    name, about = calibration.content["file"], calibration.content["meter"]
    if meter.simulated != calibration.content["simulated"]:
        made, used = (("simulated", "real"), ("real", "simulated"))[meter.simulated]
        raise MeterError(f"calibration {name} was made with {made} power, and this meter's is {used}")
    if list(meter.total) != about["total"]:
        raise MeterError(
            f"calibration {name} is of {'+'.join(about['total'])}, this meter's whole input is {'+'.join(meter.total)}"
        )
    theirs, ours = recognisable(about["identity"]), recognisable(meter.identity())
    for key in theirs:
        if key in ours and theirs[key] != ours[key]:
            raise MeterError(
                f"calibration {name} is of another meter: its {key} is {theirs[key]!r}, this one's {ours[key]!r}"
            )


def recognisable(identity: Dict[str, Any]) -> Dict[str, Any]:
    """What of an identity tells this very device from another one of its kind."""
    plain = json.loads(json.dumps(identity))
    return {key: value for key, value in plain.items() if key not in _PLACES and value not in (None, "", [], {})}


def _number(value: Any) -> float:
    if isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a number")
    return float(value)
