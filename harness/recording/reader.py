"""One meter in a thread of its own: read on absolute deadlines, reconnected after an unplug, delaying nobody."""

import threading
import time
from collections import deque
from typing import Any, Callable, Deque, Dict, List, Optional

from harness.recording.alarm import Alarm
from harness.recording.annotate import GAP_PERIODS
from harness.recording.histogram import Histogram, milliseconds
from meters.base import Meter, Sample
from meters.calibration import check as check_calibration
from meters.clock import monotonic_ns
from meters.errors import MeterError
from meters.raw import Tape

SECOND_NS = 10**9
SILENT_S, SILENT_PERIODS = 5.0, 10  # without a sample for the longer of both, the meter is connected anew
BACK_OFF_S = (0.25, 0.5, 1.0, 2.0, 4.0)
SHORT_NS = SECOND_NS // 10  # a wait that holds up nobody
STALLED_NS = SECOND_NS  # a read that takes longer holds up no sync
SPOOL_BYTES = 64 << 20  # of memory for what waits for the disk
ROW_BYTES, VALUE_BYTES = 280, 32  # that a row in it takes


class Reader:
    """Samples gather in `queue`; None stands for a new connection.  What they mean is found out where nobody waits for
    the next one.  `report(**message)` tells the parent; `on_look` is called after each look at the meter, `on_event` at
    the first sample and at the end."""

    def __init__(
        self,
        name: str,
        meter: Meter,
        give_up_s: float,
        report: Callable[..., None],
        on_look: Callable[[], None],
        on_event: Callable[[], None],
        spool_bytes: int = SPOOL_BYTES,
    ) -> None:
        self.name, self.meter = name, meter
        self.queue: Deque[Optional[Sample]] = deque()
        self.tape = Tape()  # raw bytes, where the meter has been told to note them there
        self.delivered = False  # at least one sample
        self.failure = ""
        self.alarm = Alarm()
        self._give_up_s, self._spool_bytes, self._most_rows = give_up_s, spool_bytes, 0
        self._report, self._on_look, self._on_event = report, on_look, on_event
        self._stopping = False
        self._away = False
        self._last_ns = 0  # when samples last came, or it was last connected
        self._delivered_ns = 0  # when samples last came
        self._tries, self._complaint = 0, ""  # since then
        self._stopped_ns = self._obtained_ns = 0
        self._looking_since_ns: Optional[int] = None
        self._late = Histogram()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Look once more, then end; `join` waits for it."""
        self._stopping, self._stopped_ns = True, monotonic_ns()
        self.alarm.ring()

    def join(self, patience_s: float) -> None:
        """A stalled meter is left behind."""
        self._thread.join(patience_s)

    @property
    def away(self) -> bool:
        """Whether it is being connected again."""
        return self._away

    def has_obtained(self, until_ns: int) -> bool:
        """Whether all that the meter had delivered by then is in the queue, or cannot be had."""
        since_ns = self._looking_since_ns
        stalled = not self.meter.buffered and since_ns is not None and monotonic_ns() - since_ns > STALLED_NS
        return self._obtained_ns >= until_ns or self._away or stalled

    def silent_at_end_s(self) -> float:
        """Seconds without a sample before it was stopped, 0 where they are no gap; no row behind them tells of it."""
        silent_s = (self._stopped_ns - self._delivered_ns) / SECOND_NS
        return silent_s if silent_s > GAP_PERIODS * self.meter.period_s else 0.0

    def statistics(self) -> Dict[str, Any]:
        """`deadline_error`: how late each look at the meter began."""
        late = milliseconds("deadline_error", self._late)
        silent_s = round(self.silent_at_end_s(), 3)
        return {**late, "resynchronisations": self.meter.resynchronisations, "silent_at_end_s": silent_s}

    def _run(self) -> None:
        try:
            self.meter.open()
            check_calibration(self.meter)
            self._last_ns = self._delivered_ns = monotonic_ns()
            self._look_until_stopped()
        except (MeterError, _Fatal) as error:
            self.failure = f"meter {self.name}: {error}"
        except Exception as error:  # a fault in a driver must not pass for a meter that is silent
            self.failure = f"the driver of meter {self.name} failed: {error!r}"
        finally:
            self.meter.close()
            self._on_event()

    def _look_until_stopped(self) -> None:
        deadline_ns, wake_ns = monotonic_ns(), int(self.meter.wake_s * SECOND_NS)
        while True:
            stopping, now_ns = self._stopping, monotonic_ns()
            due = now_ns >= deadline_ns
            if due:
                self._late.add(now_ns - deadline_ns)
                deadline_ns += wake_ns * ((now_ns - deadline_ns) // wake_ns + 1)
            if due or self.meter.buffered:
                self._look(now_ns)
            self._obtained_ns = now_ns
            self._on_look()
            if stopping or self._away:  # still away: stopped while trying to connect again
                return
            self._wait(deadline_ns)

    def _wait(self, deadline_ns: int) -> None:
        """A sleep costs half of what an alarm does, and a register that is read that often has nothing to fetch when
        a sync rings."""
        pause_ns = deadline_ns - monotonic_ns()
        if self.meter.buffered or pause_ns > SHORT_NS:
            self.alarm.wait(deadline_ns)
        elif pause_ns > 0:
            time.sleep(pause_ns / 1e9)

    def _look(self, now_ns: int) -> None:
        self._looking_since_ns = now_ns
        try:
            self._take(self.meter.samples(), now_ns)
        except MeterError as error:
            self._reconnect(str(error))
        else:
            if now_ns - self._last_ns > SECOND_NS * max(SILENT_S, SILENT_PERIODS * self.meter.period_s):
                self._reconnect("it sends nothing any more")
        self._looking_since_ns = None

    def _take(self, samples: List[Sample], now_ns: int) -> None:
        if not samples:
            return
        self.queue.extend(samples)
        self._last_ns = self._delivered_ns = now_ns
        self._tries, self._complaint = 0, ""
        if not self.delivered:
            self._most_rows = self._spool_bytes // (ROW_BYTES + VALUE_BYTES * len(self.meter.columns))
            self.delivered = True
            self._on_event()
        if len(self.queue) > self._most_rows or self.tape.n_bytes > self._spool_bytes:
            raise _Fatal(
                f"the disk does not take what the meter delivers: {len(self.queue)} samples are waiting, and memory "
                f"is kept for {self._most_rows}; record to a faster disk, or at a lower rate"
            )

    def _reconnect(self, reason: str) -> None:
        """Try until it is back, or it has been away for too long; a stop ends the trying.

        One that opens and then fails again, as a chip that answers no more behind nodes that are still there, is away
        all the time: it is told once, and asked ever less often."""
        if reason != self._complaint:
            self._report(warning=f"meter {self.name}: {reason}; connecting again")
        self._complaint, period_s = reason, self.meter.period_s
        self._away = True
        while self._is_away():
            if self._stopping:
                return
        if self.meter.period_s != period_s:
            raise _Fatal(f"it came back with a period of {self.meter.period_s:g} s instead of {period_s:g} s")
        if self.delivered:
            self.queue.append(None)
        self._away, self._last_ns = False, monotonic_ns()

    def _is_away(self) -> bool:
        """After a pause and, unless stopped meanwhile, an attempt."""
        self._check_patience()
        self.meter.close()
        self.alarm.wait(monotonic_ns() + int(BACK_OFF_S[min(self._tries, len(BACK_OFF_S) - 1)] * SECOND_NS))
        self._tries += 1
        if self._stopping:
            return True
        try:
            self.meter.open()
        except MeterError as error:
            self._complaint = str(error)
            return True
        return False

    def _check_patience(self) -> None:
        """At least one attempt is made: a slow meter has been silent for long when that is noticed."""
        if self._tries and monotonic_ns() - self._delivered_ns > self._give_up_s * SECOND_NS:
            raise _Fatal(f"it has been away for more than {self._give_up_s:g} s: {self._complaint}")


class _Fatal(Exception):
    """Ends the recording, unlike a MeterError, after which the meter is connected again."""
