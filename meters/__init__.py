"""Power meters: what a device says, how it is sampled, how a trace is stored and integrated.

Each `meters/<kind>.py` that has a `class Meter(...)` is the meter `<kind>`; nothing else registers it.
"""

from meters.errors import MeterError

__all__ = ["MeterError"]
