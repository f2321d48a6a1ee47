"""Out of memory, said as a sentence: what was tried, and what to make smaller."""

from contextlib import contextmanager
from typing import Iterator

from workloads import WorkloadError

# What CUDA, cuDNN, cuBLAS and the CPU's allocator say of it; torch has one exception for it only from 1.13 on.
SIGNS = ("out of memory", "not enough memory", "can't allocate memory", "alloc_failed", "bad_alloc")


@contextmanager
def enough_for(what: str, batch_size: int) -> Iterator[None]:
    """Around work on batches of this size; memory that does not suffice raises with what the batch size was."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _means_memory(error):
            raise
        raise WorkloadError(
            f"out of memory while {what} in batches of {batch_size} images: set a batch_size below {batch_size} under "
            "[training] in the study, or a smaller width; what was committed before is kept"
        ) from error


def _means_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in SIGNS)
