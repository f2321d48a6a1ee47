"""Runs a plan: each stage of each repetition once, finished ones skipped, interrupted ones resumed."""

import json
from pathlib import Path
from typing import Any, Dict, List, Tuple

from harness import machine, rundir
from harness.errors import UserError
from harness.forecast.following import Follower
from harness.plan import stage_name
from harness.session import Session, Settings, read_manifest
from harness.tickets import load
from meters import calibration
from workloads import ticket_file
from workloads.job import Training
from workloads.profile import GIVEN, bare


def run(plan: Any, out: Path, settings: Settings, progress: Any, lock: int, force: bool = False) -> rundir.StudyFolder:
    """Bring every stage of `plan` to its end; returns the study's folder. Repetitions are interleaved over stages."""
    board = rundir.Machine(out, machine.name())
    folder = board.study(plan.study.name)
    rundir.write(folder.study, lambda file: file.write(plan.study.text.encode()))
    rundir.write(folder.cells, lambda file: file.write((json.dumps(plan.as_json(), indent=1) + "\n").encode()))
    work = [(board.rep(stage_name(stage), repetition), stage) for repetition, stage in order(plan)]
    follower = Follower(folder, work)
    progress.begin([(stage, rep.complete) for rep, stage in work], follower.epoch_seconds())
    for rep, stage in work:
        _stage(plan, board, rep, stage, settings, progress, lock, force)
        follower.tell(rep, progress.say)
    return folder


def order(plan: Any) -> List[Tuple[int, Training]]:
    """(repetition, stage) as they run: every stage once before any is repeated, so that a drift meets all alike."""
    return [(repetition, stage) for repetition in range(1, plan.study.repetitions + 1) for stage in plan.stages]


def _stage(
    plan: Any,
    board: rundir.Machine,
    rep: rundir.Rep,
    stage: Training,
    settings: Settings,
    progress: Any,
    lock: int,
    force: bool,
) -> None:
    manifest = _manifest(stage, rep, settings)
    differences = differing(read_manifest(rep), manifest) if _has_committed_work(rep) else []
    if differences and not force:
        forced = "take it as it was finished" if rep.complete else "go on and have its rows marked"
        raise UserError(
            f"{rep.folder} was begun differently: {'; '.join(differences)}; use --out for a fresh run, or "
            f"--force to {forced}"
        )
    if rep.complete:
        rundir.tidy(rep)
        return progress.skip(stage)
    progress.stage(stage)
    _bring_ticket(plan.ticket_of(stage), rep)
    session = Session(
        rep,
        stage,
        [board.rep(stage_name(source), _repetition(rep)) for source in plan.sources_of(stage)],
        settings,
        progress,
        lock,
    )
    session.run(dict(manifest, differences=differences))
    progress.finish(stage)


def _bring_ticket(held: Any, rep: rundir.Rep) -> None:
    """Put the ticket that a stage starts from into its folder, without weights: a profile trains none."""
    if held is not None:
        ticket = bare(load(held.path))
        rundir.write(rep.named(GIVEN), lambda file: ticket_file.write(file, ticket))


def _has_committed_work(rep: rundir.Rep) -> bool:
    return rep.complete or rep.committed


def _repetition(rep: rundir.Rep) -> int:
    return int(rep.folder.name[len("rep-") :])


def _manifest(stage: Training, rep: rundir.Rep, settings: Settings) -> Dict[str, Any]:
    return {
        "schema": 1,
        "stage": stage_name(stage),
        "repetition": _repetition(rep),
        "training": stage.asked(),
        "full": stage.full(),
        "machine": machine.describe(),
        "versions": machine.versions(),
        "threads": settings.threads,
        "devices": settings.devices,
        "power_mode": machine.power_mode(),
        "asked_meters": [_meter_identity(spec) for spec in settings.meters],
    }


def _meter_identity(spec: Any) -> Dict[str, Any]:
    """A meter as asked for, without the port: the same meter may come back under another name."""
    options = {key: value for key, value in spec.options.items() if key != "port"}
    if "calibration" in options:
        options["calibration"] = calibration.load(options["calibration"]).sha256
    return {"name": spec.name, "kind": spec.kind, "options": options}


def differing(before: Dict[str, Any], now: Dict[str, Any]) -> List[str]:
    """What would make epochs of one stage incomparable, each with both values."""
    pairs = [
        ("code", _version(before, "code"), _version(now, "code")),
        ("torch", _version(before, "torch"), _version(now, "torch")),
    ]
    pairs += [(key, before.get(key), now.get(key)) for key in ("power_mode", "threads")]
    pairs += [("devices", before.get("devices", 1), now.get("devices", 1))]
    pairs += [("meters", _meters(before), _meters(now))]
    return [f"{key} was {old}, is {new}" for key, old, new in pairs if old != new]


def _version(manifest: Dict[str, Any], package: str) -> Any:
    return manifest.get("versions", {}).get(package)


def _meters(manifest: Dict[str, Any]) -> str:
    texts = []
    for meter in manifest.get("asked_meters", []):
        options = ",".join(f"{key}={value}" for key, value in sorted(meter["options"].items()))
        texts.append(meter["kind"] + (":" + options if options else ""))
    return " + ".join(texts) or "none"


def status(plan: Any, out: Path) -> List[Tuple[Training, int, str]]:
    """(stage, repetition, state) of each stage of a plan as its folders tell."""
    board = rundir.Machine(out, machine.name())
    return [
        (stage, repetition, state(board.rep(stage_name(stage), repetition), "windows" if stage.windows else "epochs"))
        for repetition, stage in order(plan)
    ]


def state(rep: rundir.Rep, unit: str = "epochs") -> str:
    """finished, interrupted after a number of epochs or windows, or not begun."""
    if rep.complete:
        return "finished"
    if not rep.events.exists():
        return "not begun"
    return f"interrupted after {committed_epochs(rep)} finished {unit}"


def committed_epochs(rep: rundir.Rep) -> int:
    from harness.ledger import events

    return max([event["epochs_done"] for event in events.read(rep.events) if event["event"] == "commit"] or [0])
