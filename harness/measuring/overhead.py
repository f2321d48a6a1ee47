"""What the harness itself costs on this machine: time by runs with the recorder on and off in turn, power by its share
of a processor.

No meter can show its own recorder's watts while that recorder is off.  So the watts are derived: the processor time
that the recorder used, times what one busy processor adds to the machine at rest, both measured here.
"""

import math
import os
import sys
import time
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from harness.errors import UserError
from harness.measuring import load
from harness.measuring.energy import FEWEST_PERIODS
from harness.measuring.figures import deviation, mean
from harness.measuring.program import Program
from harness.measuring.window import Window
from harness.monitor import Monitor
from harness.quantities import significant

LOAD_S, WINDOW_S = 2.0, 3.0
FEWEST_PAIRS, SIGMAS = 4, 3.0
BEGUN_S = 1.5  # by then the recorder has written its first batch and loads nothing any more


class Overhead(NamedTuple):
    """`time_percent`: mean over the pairs of how much longer a run takes with the recorder on; `uncertainty_percent`:
    standard error of that mean.  `recorder_W` is derived (see the module), `of_mean_percent` its share of the mean
    power of the runs; None, with a reason, where the meter bears no figure.  `doubt`: why the time is not credible."""

    meters: List[str]
    simulated: bool
    pairs: int
    time_percent: float
    uncertainty_percent: Optional[float]
    recorder_cpu_percent: Optional[float]
    busy_processor_W: Optional[float]
    recorder_W: Optional[float]
    of_mean_percent: Optional[float]
    reason: Optional[str]
    doubt: Optional[str]


def measure(meters: Sequence[str], pairs: int, command: Sequence[str] = ()) -> Overhead:
    """Run `command` (default: work that keeps every processor busy) `pairs` times each way; order alternates."""
    program = list(command) or _busy(len(os.sched_getaffinity(0)), LOAD_S)
    slower, windows, shares = [], [], []  # type: List[float], List[Window], List[float]
    for pair in range(pairs):
        times: Dict[bool, float] = {}
        for recording in (True, False) if pair % 2 else (False, True):
            if recording:
                window, share = _recorded(meters, program)
                times[recording], windows, shares = window.seconds, windows + [window], shares + [share]
            else:
                times[recording] = _timed(program)
        slower.append(times[True] / times[False] - 1)
    spread = deviation(slower)
    share, load_W = sum(shares) / pairs, mean([window.mean_W for window in windows])
    busy_W, reason = _busy_processor_W(meters)
    recorder_W = None if busy_W is None else share * busy_W
    return Overhead(
        [energy.meter for energy in windows[0].energies],
        windows[0].simulated,
        pairs,
        100 * sum(slower) / pairs,
        None if spread is None else 100 * spread / math.sqrt(pairs),
        100 * share,
        busy_W,
        recorder_W,
        100 * recorder_W / load_W if recorder_W is not None and load_W else None,
        reason or windows[0].reason,
        doubt(slower),
    )


def doubt(slower: Sequence[float]) -> Optional[str]:
    """What to say of runs that took less time with the recorder on; `slower`: how much more, as a share, of each pair.

    None where it is within what chance does, and with few pairs, of which nobody can tell.
    """
    spread = deviation(slower)
    if (
        len(slower) < FEWEST_PAIRS
        or spread is None
        or sum(slower) / len(slower) + SIGMAS * spread / math.sqrt(len(slower)) >= 0
    ):
        return None
    return (
        "runs with the recorder on took less time, which no recorder can do: other load came and went, so the time "
        "says nothing; measure again on a quiet machine"
    )


def text(found: Overhead) -> str:
    """Sentences for people."""
    word = " (simulated)" if found.simulated else ""
    spread = "" if found.uncertainty_percent is None else f" +- {significant(found.uncertainty_percent, 2)}"
    lines = [
        f"time:       {found.time_percent:+.2f}{spread} % with the recorder on, {found.pairs} pairs of runs",
        f"processor:  {significant(found.recorder_cpu_percent, 3)} % of one for the recorder "
        f"({', '.join(found.meters)})",
        f"power:      {significant(found.recorder_W, 3)} W{word}, {significant(found.of_mean_percent, 2)} % of the "
        f"mean power of the runs; derived: one busy processor adds {significant(found.busy_processor_W, 3)} W{word}",
    ]
    return "\n".join(lines + [f"note:       {note}" for note in (found.reason, found.doubt) if note])


def _busy(processes: int, seconds: float) -> List[str]:
    return [sys.executable, load.__file__, str(processes), str(load.loops_for(seconds))]


def _timed(program: Sequence[str]) -> float:
    begin = time.monotonic()
    _run(program)
    return time.monotonic() - begin


def _recorded(meters: Sequence[str], program: Sequence[str]) -> Tuple[Window, float]:
    """The run's window, and the recorder's share of a processor from its start on."""
    with Monitor(meters) as monitor:
        time.sleep(BEGUN_S)
        begin = monitor.recorder_cpu_s()
        with monitor.window("load") as window:
            _run(program)
        used = monitor.recorder_cpu_s() - begin
    return window, used / window.seconds


def _run(program: Sequence[str]) -> None:
    run = Program(program, stdout=sys.stderr.fileno())
    status = run.run()
    if run.signals:
        raise KeyboardInterrupt
    if status:
        raise UserError(f"{program[0]} ended with exit status {status}, so its time says nothing", status)


def _busy_processor_W(meters: Sequence[str]) -> Tuple[Optional[float], Optional[str]]:
    """What one busy processor adds to the machine at rest, or why that is not known."""
    with Monitor(meters) as monitor:
        seconds = max(WINDOW_S, 1.2 * FEWEST_PERIODS * max(one["period_s"] for one in monitor.meters))
        with monitor.window("idle") as idle:
            time.sleep(seconds)
        with monitor.window("busy") as busy:
            _run(_busy(1, seconds))
    if idle.mean_W is None or busy.mean_W is None:
        return None, idle.reason or busy.reason
    if busy.mean_W <= idle.mean_W:
        return None, "one more busy processor adds no power: this machine is not at rest, so stop what else runs"
    return busy.mean_W - idle.mean_W, None
