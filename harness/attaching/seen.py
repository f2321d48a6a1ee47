"""What a run itself knows of the time that a trace from elsewhere may show."""

from typing import Any, List, Optional

from harness.attaching.matching import Seen
from harness.crosscheck.series import Series, of_trace
from harness.errors import UserError
from harness.ledger import StageRun
from harness.ledger.anchors import Anchor, utc_offset_ns
from harness.ledger.windows import Window
from meters.errors import MeterError


def seen(run: StageRun, attempt: int, trace: Any, anchors: List[Anchor], origin_ns: int) -> Seen:
    """Seconds count from `origin_ns` on both clocks; UserError where the attempt has no idle with pulses in it."""
    windows = [window for window in run.windows() if window.attempt == attempt]
    idle, sync = (_find(windows, phase) for phase in ("idle", "sync"))
    if idle is None or sync is None:
        raise UserError(
            f"attempt {attempt} of stage {run.name} has no idle with load pulses, by which a clock could be found: it "
            "was run with --meter none; use --meter elsewhere for a run that is measured from another machine"
        )
    stops = [window.stop_ns for window in windows if window.stop_ns is not None]
    return Seen(
        attempt,
        _seconds(idle, origin_ns),
        _seconds(sync, origin_ns),
        (max(stops) - origin_ns) / 1e9,
        _power(run, attempt, origin_ns),
        _utc_offset_s(run, attempt, trace, anchors),
    )


def _find(windows: List[Window], phase: str) -> Optional[Window]:
    found = [window for window in windows if window.phase == phase and window.stop_ns is not None]
    return found[0] if found and (found[0].stop_ns or 0) > found[0].start_ns else None


def _seconds(window: Window, origin_ns: int) -> Any:
    return (window.start_ns - origin_ns) / 1e9, ((window.stop_ns or 0) - origin_ns) / 1e9


def _power(run: StageRun, attempt: int, origin_ns: int) -> Optional[Series]:
    """From the first of the run's own meters that recorded the attempt and shows its whole input."""
    for meter in run.manifest.get("meters", []):
        try:
            trace = run.open_trace(meter["name"], attempt)
        except (MeterError, OSError):
            continue
        if trace.total:
            return of_trace(trace, None, origin_ns)
    return None


def _utc_offset_s(run: StageRun, attempt: int, trace: Any, anchors: List[Anchor]) -> Optional[float]:
    if same_clock(run, attempt, trace):
        return 0.0
    offset_ns = utc_offset_ns(anchors, attempt, trace)
    return None if offset_ns is None else offset_ns / 1e9


def same_clock(run: StageRun, attempt: int, trace: Any) -> bool:
    """Whether run and trace were made on one host since one boot."""
    clock = next((one.clock for one in run.attempts if one.number == attempt), {})
    return bool(clock) and clock.get("boot_id") == trace.clock.get("boot_id")
