"""What the energies of 1,000 nested windows of 100 million samples cost, against adding both arrays up once."""

import math
import re
from fractions import Fraction
from pathlib import Path
from typing import List

import numpy as np

from benchmarks.paired import compare, line
from meters.integrate import partition

SAMPLES, WINDOWS, CHECKED = 100000000, 1000, 20
PARENTS = [(start, start + size) for size in (10, 100, 1000) for start in range(0, WINDOWS, size)]
MOST_BYTES, LARGEST_ERROR = 16 << 20, 1e-12


def nested(t_ns: np.ndarray, watts: np.ndarray, edges: np.ndarray) -> List[float]:
    """Joules of each window, and of each that holds 10, 100 or all of them: a whole is the sum of its parts."""
    joules = partition(t_ns, watts, edges).tolist()
    return joules + [math.fsum(joules[start:stop]) for start, stop in PARENTS]


def peak_bytes() -> int:
    """The most memory that this process has held since it was last asked to forget."""
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text()).group(1))


def extra_bytes(t_ns: np.ndarray, watts: np.ndarray, edges: np.ndarray) -> int:
    """Memory that `nested` needs beside its arguments, which have all been touched."""
    Path("/proc/self/clear_refs").write_text("5")
    before = peak_bytes()
    nested(t_ns, watts, edges)
    return peak_bytes() - before


def exact_J(t_ns: np.ndarray, watts: np.ndarray) -> Fraction:
    """The trapezia between all samples, in integers: these watts are multiples of 2^-24 below 2^4."""
    total = 0
    scaled = np.rint(watts.astype(np.float64) * 2**24).astype(np.int64)
    for low in range(0, len(t_ns) - 1, 100):  # so many products stay below 2^63
        steps = np.diff(t_ns[low : low + 101])
        total += int(np.dot(steps, scaled[low : low + 100][: len(steps)] + scaled[low + 1 : low + 101]))
    return Fraction(total, 2 * 2**24 * 10**9)


def largest_error(t_ns: np.ndarray, watts: np.ndarray, first: np.ndarray) -> float:
    """Of windows between samples `first`, relative to exact arithmetic."""
    joules = nested(t_ns, watts, t_ns[first])
    errors = []
    spans = [(one, one + 1) for one in range(0, WINDOWS, WINDOWS // CHECKED)] + PARENTS[:: len(PARENTS) // CHECKED]
    for low, high in spans:
        start, stop = first[low], first[high]
        got = joules[low] if high == low + 1 else joules[WINDOWS + PARENTS.index((low, high))]
        exact = exact_J(t_ns[start : stop + 1], watts[start : stop + 1])
        errors.append(abs(float((Fraction(got) - exact) / exact)))
    return max(errors)


def main() -> None:
    random = np.random.RandomState(1)
    t_ns = random.randint(9900000, 10100000, SAMPLES)
    np.cumsum(t_ns, out=t_ns)
    watts = random.randint(3 << 20, 15 << 20, SAMPLES, dtype=np.int32).astype(np.float32)
    watts /= 1 << 20
    edges = np.sort(random.randint(t_ns[0], t_ns[-1], WINDOWS + 1))
    first = np.sort(random.randint(0, SAMPLES, WINDOWS + 1))
    print(line("integration: extra bytes", extra_bytes(t_ns, watts, edges), MOST_BYTES))
    print(line("integration: largest relative error", largest_error(t_ns, watts, first), LARGEST_ERROR))
    result = compare(lambda: nested(t_ns, watts, edges), lambda: (t_ns.sum(), watts.sum()), pairs=12)
    print(result.line("integration with nested parents / numpy.sum of both arrays", 3.0))


if __name__ == "__main__":
    main()
