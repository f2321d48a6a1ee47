"""Attach a trace to the stages that it shows: a stretch of it into each, its clock mapped, and a list of its own."""

import json
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from harness import rundir
from harness.attaching import mapping, matching
from harness.attaching.mapping import Mapping
from harness.attaching.matching import Knot, Seen
from harness.attaching.seen import same_clock, seen
from harness.crosscheck.series import Series, of_trace
from harness.errors import UserError
from harness.ledger import StageRun
from meters import attached
from meters.spec import MeterSpec
from meters.trace import Trace
from meters.trace_cut import cut
from meters.trace_format import manifest_entry

MARGIN_S, MARGIN_PERIODS = 5.0, 10
SCHEMA = 1


class Stretch(NamedTuple):
    """One attempt of a stage that the trace may show."""

    run: StageRun
    seen: Seen


class Attachment(NamedTuple):
    """What was attached to one stage; `mappings` of its attempts, JSON-able."""

    run: StageRun
    mappings: List[Dict[str, Any]]


def attach(folder: Path, path: Path, name: Optional[str] = None, trust_pulses: bool = False) -> List[Attachment]:
    """Attach to every complete stage at or below `folder` that the trace shows.

    UserError where it shows none, where no pulse is found, and where pulses and UTC contradict each other.
    """
    trace = Trace.open(path)
    runs = _runs(folder)
    meter = MeterSpec(trace.meta["meter"]["kind"], {}, name or trace.meta["meter"]["name"]).name
    _check(runs, meter, trace, path)
    origin_ns = int(trace.t_ns[0])
    stretches = [
        Stretch(run, seen(run, attempt.number, trace, run.anchors(), origin_ns))
        for run in runs
        for attempt in run.attempts
        if attempt.spans
    ]
    found = _mapped(_series(trace, origin_ns), stretches, trace, trust_pulses)
    if not found:
        raise UserError(f"{path} shows none of the {len(runs)} stages in {folder}: it was recorded at another time")
    return [
        _store(run, [mapped for stretch, mapped in found if stretch.run is run], path, meter, trace, origin_ns)
        for run in runs
        if any(stretch.run is run for stretch, _ in found)
    ]


def _runs(folder: Path) -> List[StageRun]:
    runs = [StageRun.open(path) for path in rundir.reps(folder)]
    complete = [run for run in runs if run.complete]
    if not complete:
        what = "no stage that is complete" if runs else "no stage"
        raise UserError(
            f"{what} at or below {folder}: give the folder that harness run wrote into and finished, for example runs, "
            "a machine's in it or a stage's; a study's holds tables and no stage",
            code=2,
        )
    return complete


def _check(runs: Sequence[StageRun], meter: str, trace: Any, path: Path) -> None:
    taken = [run for run in runs if meter in run.meters]
    if taken:
        raise UserError(
            f"stage {taken[0].name} has a meter {meter} already, which recorded {', '.join(taken[0].meters)}: "
            "give this one another name with --name",
            code=2,
        )
    if len(trace.t_ns) < 2:
        raise UserError(f"{path} has no samples to attach")
    if trace.attached is not None:
        raise UserError(f"{path} is part of a run already: attach the trace as it was recorded")


def _series(trace: Any, origin_ns: int) -> Series:
    """Of the whole input; of the first channel where no channels make that."""
    return of_trace(trace, None if trace.total else trace.channels[0].name, origin_ns)


def _mapped(
    series: Series, stretches: Sequence[Stretch], trace: Any, trust_pulses: bool
) -> List[Tuple[Stretch, Mapping]]:
    """Attempts of one boot lie on one clock, so that each helps to tell how the others' drifts."""
    found = []
    for boot in dict.fromkeys(_boot(stretch) for stretch in stretches):
        group = [stretch for stretch in stretches if _boot(stretch) == boot]
        offsets = matching.coarse(series, [stretch.seen for stretch in group], trust_pulses)
        shown = [(stretch, offset) for stretch, offset in zip(group, offsets) if offset is not None]
        knots = [matching.knots(series, stretch.seen, offset) for stretch, offset in shown]
        every = [knot for some in knots for knot in some]
        found += [(stretch, _map(stretch, own, every, trace)) for (stretch, _), own in zip(shown, knots)]
    return found


def _map(stretch: Stretch, own: Sequence[Knot], every: Sequence[Knot], trace: Any) -> Mapping:
    if same_clock(stretch.run, stretch.seen.attempt, trace):
        return mapping.one_clock(stretch.seen, own)
    return mapping.straight(stretch.seen, own, every)


def _boot(stretch: Stretch) -> str:
    clocks = {attempt.number: attempt.clock for attempt in stretch.run.attempts}
    return str(clocks[stretch.seen.attempt].get("boot_id"))


def _store(
    run: StageRun, mappings: Sequence[Mapping], path: Path, meter: str, trace: Any, origin_ns: int
) -> Attachment:
    """Traces first, then the list of meters, then the digests: what a crash leaves counts for nothing."""
    rep = run.rep
    about = [one.as_json(origin_ns, trace.clock) for one in mappings]
    source = {"file": path.name, "sha256": rundir.digest(path)}
    for one in about:
        _cut(run, one, path, meter, trace, source)
    entry = {**manifest_entry(trace.meta, meter), "attached": {**source, "attempts": about}}
    content = {"schema": SCHEMA, "meters": run.attached + [entry]}
    text = json.dumps(content, indent=1) + "\n"
    names = [name for name in rundir.listed(rep.attached_sums) if name != rundir.ATTACHED]
    names += [rep.trace(meter, one["attempt"]).relative_to(rep.folder).as_posix() for one in about]
    rundir.write(rep.attached, lambda file: file.write(text.encode()))
    rundir.seal_attached(rep, names + [rundir.ATTACHED])
    return Attachment(run, about)


def _cut(run: StageRun, about: Dict[str, Any], path: Path, meter: str, trace: Any, source: Dict[str, str]) -> None:
    windows = [window for window in run.windows() if window.attempt == about["attempt"]]
    stops = [window.stop_ns for window in windows if window.stop_ns is not None]
    margin_ns = int(1e9 * max(MARGIN_S, MARGIN_PERIODS * trace.period_s))
    there = attached.of(about).there
    clock = next(attempt.clock for attempt in run.attempts if attempt.number == about["attempt"])
    notes = {
        "attached": {**about, "source": source},
        "attempt": about["attempt"],
        "clock": clock,
        "meter": {**trace.meta["meter"], "name": meter},
    }
    start_ns, stop_ns = there(windows[0].start_ns - margin_ns), there(max(stops) + margin_ns)
    run.rep.power.mkdir(exist_ok=True)
    cut(str(path), str(run.rep.trace(meter, about["attempt"])), start_ns, stop_ns, notes)
