"""Power meters: what a device says, how it is sampled, how a trace is stored and integrated.

Each `meters/<kind>.py` that has a `class Meter(...)` is the meter `<kind>`; nothing else registers it.
"""

from meters.errors import MeterError

API_VERSION = 1  # of what a driver builds on; a driver in another package says for which it is written

__all__ = ["MeterError"]
