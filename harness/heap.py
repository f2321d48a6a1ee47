"""How the C library keeps memory for a training: what one step frees, the next one takes again, on large pages.

By default glibc hands large blocks back to the kernel, which has to clear every page of them at their next use: up to a
tenth of a training step on a CPU.  Other C libraries ignore this, glibc before 2.35 all of it but the thresholds.
"""

import os
from typing import Dict

LARGEST = 32 << 20  # bytes that glibc takes as a threshold: above it, it would fall back to the smallest
KEPT = 1 << 30
SETTINGS = {
    "MALLOC_MMAP_THRESHOLD_": str(LARGEST),
    "MALLOC_TRIM_THRESHOLD_": str(KEPT),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


def environment() -> Dict[str, str]:
    """Environment variables for a process that trains; what the user has set himself goes first."""
    return {name: os.environ.get(name, value) for name, value in SETTINGS.items()}
