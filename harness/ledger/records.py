"""The records that a run directory consists of: only what is read is checked, so that a newer run may say more."""

import re
from typing import Any, Dict, Optional

from harness.errors import UserError
from harness.ledger.shapes import (
    MOST_EPOCHS,
    Check,
    above_zero,
    absent,
    anything,
    flag,
    line,
    many,
    maybe,
    name,
    named,
    null,
    number,
    one_of,
    plain,
    record,
    share,
    text,
    whole,
)
from meters.base import BOUNDARIES, SHAPES

EPOCH = whole(0, MOST_EPOCHS)
STAGE_NAME = re.compile(r"[0-9a-f]{6,64}\Z")  # it becomes part of a path
MOST_REPETITIONS = 100000


def _epochs_run(value: Any) -> Any:
    fits = many(EPOCH)(value) is None and len(value) == 2 and value[0] <= value[1]
    return None if fits else ""


CHANNEL = record(
    name=name,
    boundary=one_of(*BOUNDARIES),
    shape=maybe(one_of(*SHAPES)),
    tau_s=maybe(number),
    gain_error=maybe(number),
    offset_error_W=maybe(number),
    resolution_W=maybe(number),
    accuracy_source=maybe(text),
)
METER_FIELDS = {
    "name": name,
    "kind": absent(text),
    "channels": many(CHANNEL),
    "total": many(name),
    "simulated": absent(flag),
    "period_s": absent(above_zero),
    "identity": absent(named(anything)),
}
METER = record(**METER_FIELDS)
TRAINING = record(
    epochs=absent(EPOCH),
    width=absent(above_zero),
    limit=maybe(whole()),
    lr=absent(number),
    milestones=absent(many(EPOCH)),
    precision=maybe(text),
)
MANIFEST = record(
    meters=absent(many(METER)),
    machine=absent(named(plain)),
    versions=absent(named(plain)),
    power_mode=maybe(plain),
    threads=maybe(plain),
    training=absent(named(anything)),
    full=absent(TRAINING),
    attempts=absent(
        many(
            record(
                attempt=whole(),
                started_utc=absent(text),
                differences=absent(many(text)),
                board_before=maybe(record(nvpmodel=maybe(text))),
                board_after=maybe(record(nvpmodel=maybe(text))),
            )
        )
    ),
)
ATTACHED = record(meters=many(record(**METER_FIELDS, attached=named(anything))))
DRAW = record(
    epoch=EPOCH,
    fired=flag,
    rule=text,
    ratio=absent(share),
    distances=maybe(many(number)),
    repaired_layers=maybe(many(text)),
)
RESULT = record(
    epochs_run=_epochs_run,
    images=whole(1),
    forward_flops=record(paper=above_zero, mac2=above_zero),
    parameters=whole(1),
    gammas=whole(),
    accuracy_final=maybe(share),
    accuracy_best=maybe(share),
    accuracy_top5_final=maybe(share),
    classes=absent(whole(1)),
    draws=maybe(named(DRAW)),
    detection=maybe(record(memory_bytes=whole(), seconds_each=maybe(number))),
)
_EVENT: Dict[str, Any] = {
    "event": text,
    "attempt": whole(),
    "t_ns": whole(),
    "epoch": absent(EPOCH),
    "epochs_done": absent(EPOCH),
    "accuracy": maybe(share),
    "accuracy_top5": maybe(share),
    "loss": maybe(plain),
    "train_accuracy": maybe(plain),
    "lr": maybe(plain),
    "repeats": maybe(whole(1)),
    "images": maybe(whole(1)),
    "clock": absent(named(plain)),
}
_PHASE: Dict[str, Any] = dict(_EVENT, phase=name, id=whole(), parent=maybe(whole()))
_ANY_EVENT = record(**_EVENT)
_EVENTS = {
    "begin": record(**_PHASE),
    "end": record(**_PHASE),
    "commit": record(**dict(_EVENT, epochs_done=EPOCH)),
    "result": record(result=named(anything), **_EVENT),
}


def event(value: Any) -> Optional[str]:
    """A line of events.jsonl, with what its kind of event must have."""
    kind = value.get("event") if isinstance(value, dict) else None
    place = _EVENTS.get(kind if isinstance(kind, str) else "", _ANY_EVENT)(value)
    if place is None and kind == "begin" and value["phase"] == "epoch" and "epoch" not in value:
        return ".epoch"
    return place


def _stage(value: Any) -> Any:
    return None if isinstance(value, str) and STAGE_NAME.match(value) else ""


def _charges(value: Any) -> Any:
    place = many(record(role=text, stage=_stage, until=null(text), epochs=absent(EPOCH), fp32_stage=maybe(_stage)))(
        value
    )
    return place if place is not None or value else ""


CELL = record(
    id=line,
    method=line,
    label=line,
    model=line,
    dataset=line,
    ratio=null(share),
    seed=whole(),
    options=named(anything),
    charges=_charges,
)
CELLS = record(study=maybe(line), repetitions=maybe(whole(1, MOST_REPETITIONS)), cells=maybe(many(CELL)))


def check(value: Any, fits: Check, what: str) -> None:
    """UserError, naming the place, unless the value fits; `what` names the file."""
    place = fits(value)
    if place is not None:
        raise UserError(
            "{} is damaged, or no file of this harness: {} is not what it must be; restore it from a copy".format(
                what, place.lstrip(".")[:200] or "it"
            )
        )
