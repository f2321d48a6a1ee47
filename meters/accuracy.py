"""The accuracy that a user states for a meter: `0.5%+2mW`, a share of the reading and an absolute part."""

import re
from typing import Tuple

from meters.base import Channel
from meters.errors import MeterError

_NUMBER = r"(\d+(?:\.\d*)?|\.\d+)"
_SHARE = re.compile(_NUMBER + r"%$")
_ABSOLUTE = re.compile(_NUMBER + r"(W|mW|uW)$")
_WATTS = {"W": 1.0, "mW": 1e-3, "uW": 1e-6}


def parse_accuracy(text: str) -> Tuple[float, float]:
    """(fraction of the reading, watts); the part that is left out is 0."""
    gain, offset = [], []
    for part in text.replace(" ", "").split("+"):
        share, absolute = _SHARE.match(part), _ABSOLUTE.match(part)
        if share:
            gain.append(float(share.group(1)) / 100)
        elif absolute:
            offset.append(float(absolute.group(1)) * _WATTS[absolute.group(2)])
        else:
            gain.append(-1.0)
    if len(gain) > 1 or len(offset) > 1 or min(gain + offset) < 0:
        raise MeterError(
            "accuracy {!r} is not understood: write a share of the reading, an absolute part in W, mW or uW, "
            "or both, as in accuracy=0.5%+2mW".format(text)
        )
    return sum(gain), sum(offset)


def with_accuracy(channels: Tuple[Channel, ...], text: str) -> Tuple[Channel, ...]:
    """The channels with the accuracy that the user stated."""
    gain, offset = parse_accuracy(text)
    return tuple(
        channel._replace(gain_error=gain, offset_error_W=offset, accuracy_source="stated by the user")
        for channel in channels
    )
