"""How much of one core a PowerSensor3's 20 kHz takes: from bytes to rows, all eight sensors, 1000 rows a second."""

import time
from typing import List

from benchmarks.paired import compare
from meters.emulators.powersensor3 import word
from meters.powersensor3 import SAMPLES_PER_S, Meter
from meters.powersensor3_sensors import N_SENSORS, UNSCALED

STREAM_S = 2.0
READS_PER_S = 200
ROWS_PER_S = 1000


def pieces() -> List[bytes]:
    """What each of the reads in STREAM_S would bring."""
    size = SAMPLES_PER_S // READS_PER_S
    samples = [_sample(n) for n in range(round(STREAM_S * SAMPLES_PER_S))]
    return [b"".join(samples[start : start + size]) for start in range(0, len(samples), size)]


def _sample(n: int) -> bytes:
    return word(7, True, 50 * n % 1024) + b"".join(word(s, False, (n + 37 * s) % 1024) for s in range(N_SENSORS))


def main() -> None:
    stream = pieces()

    def decoded() -> None:
        meter = Meter(port="unused", rate=ROWS_PER_S)
        meter.configure(UNSCALED)
        rows = sum(len(meter.feed(piece, 10**9)) for piece in stream)
        assert rows >= 0.99 * STREAM_S * ROWS_PER_S

    now = [0.0]

    def real_time() -> None:
        """Not waited for: the stream's own duration, on a clock that it moves."""
        now[0] += STREAM_S

    result = compare(decoded, real_time, clock=lambda: time.process_time() + now[0])
    print(result.line("powersensor3 stream / real time", 0.2))


if __name__ == "__main__":
    main()
