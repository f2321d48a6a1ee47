"""Runs trainings while meters record, and keeps what is needed to turn power into joules.

`harness.Monitor` measures windows of one's own program; it is imported when it is asked for.
"""

import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.monitor import Monitor as Monitor


class _Package(types.ModuleType):
    """Python 3.6 knows no `__getattr__` of modules."""

    @property
    def Monitor(self) -> Any:
        from harness.monitor import Monitor

        return Monitor


sys.modules[__name__].__class__ = _Package
