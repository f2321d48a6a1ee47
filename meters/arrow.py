"""Arrow, imported so that reading a stream cannot run code."""

from typing import Any

from meters.errors import MeterError


def arrow() -> Any:
    """The pyarrow module; before 14.0.1 it runs code from a crafted stream (CVE-2023-47248) and needs the hotfix."""
    import pyarrow

    if tuple(int(part) for part in pyarrow.__version__.split(".")[:3] if part.isdigit()) < (14, 0, 1):
        try:
            import pyarrow_hotfix  # noqa: F401  importing it is what mends pyarrow
        except ImportError:
            raise MeterError(
                f"pyarrow {pyarrow.__version__} runs code from a crafted file (CVE-2023-47248): "
                "install pyarrow >= 14.0.1, or pyarrow-hotfix beside it"
            ) from None
    return pyarrow
