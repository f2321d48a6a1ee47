"""Run directories of any length, as `harness run` leaves them: what analysis is timed on."""

import json
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import numpy as np

from harness import rundir
from meters.arrow import arrow
from meters.trace_format import METADATA_KEY, fixed_columns, value_type

SECOND = 10**9
BATCH = 1 << 18
DENSE, SEARCH, RETRAIN = "de45e0" * 2, "5ea5c4" * 2, "2e72a1" * 2
IDLE_S, EPOCHS = 60.0, 160
BOOT = {"host": "bench", "boot_id": "bench"}


def study(out: Path, days: float, rate_Hz: float, channels: int) -> Path:
    """A study of `days` of recording on one meter: dense training and an early bird.  Returns its folder."""
    machine = rundir.Machine(out, "bench-000000")
    shares = ((DENSE, "train", 0, EPOCHS, 0.45), (SEARCH, "search", 0, 23, 0.1), (RETRAIN, "retrain", 23, EPOCHS, 0.45))
    for name, role, start, stop, share in shares:
        stage(machine.rep(name, 1), role, range(start, stop), 86400 * days * share, rate_Hz, channels)
    folder = machine.study("bench")
    rundir.write(folder.study, lambda file: file.write(b'title = "A long run"\n'))
    rundir.write(folder.cells, lambda file: file.write(json.dumps(_cells()).encode()))
    return folder.folder


def stage(rep: rundir.Rep, role: str, epochs: Sequence[int], seconds: float, rate_Hz: float, channels: int) -> None:
    rep.power.mkdir(parents=True)
    lines = list(_events(role, epochs, seconds))
    rep.events.write_text("".join(json.dumps(line) + "\n" for line in lines))
    meter = _meter(rate_Hz, channels)
    asked = {"role": role, "model": "vgg16", "dataset": "cifar10"}
    rep.manifest.write_text(
        json.dumps(
            {"schema": 1, "stage": rep.folder.parent.name, "repetition": 1, "training": {}, "full": asked,
             "machine": {"name": "bench"}, "versions": {}, "threads": 1, "power_mode": "MAXN", "meters": [meter],
             "simulated": True, "attempts": []}
        )
    )  # fmt: skip
    _trace(rep.trace("bench", 1), meter, lines[-1]["t_ns"] + SECOND, rate_Hz, lines)
    rundir.seal(rep)


def _events(role: str, epochs: Sequence[int], seconds: float) -> Iterator[Dict[str, Any]]:
    """Idle, then epochs of equal length that end with an evaluation and a checkpoint."""
    each = int((seconds - 2 * IDLE_S) / len(epochs) * SECOND)
    t_ns, number = 10 * SECOND, 0
    yield {"event": "attempt", "attempt": 1, "t_ns": t_ns, "clock": BOOT}

    def phase(name: str, start: int, stop: int, parent: Any = None, **notes: Any) -> List[Dict[str, Any]]:
        nonlocal number
        number += 1
        same = {"phase": name, "id": number, "parent": parent, "attempt": 1}
        return [dict(same, event="begin", t_ns=start, **notes), dict(same, event="end", t_ns=stop)]

    yield from phase("idle", t_ns, t_ns + int(IDLE_S * SECOND))
    t_ns += int(IDLE_S * SECOND)
    opens, closes = phase(role, t_ns, t_ns + each * len(epochs))
    yield opens
    for epoch in epochs:
        begin, end = phase("epoch", t_ns, t_ns + int(0.98 * each), opens["id"], epoch=epoch)
        yield begin
        yield from phase("evaluate", t_ns + int(0.9 * each), t_ns + int(0.98 * each), begin["id"])
        yield end
        yield from phase("checkpoint", t_ns + int(0.98 * each), t_ns + each, opens["id"])
        yield {"event": "commit", "epochs_done": epoch + 1, "attempt": 1, "t_ns": t_ns + each}
        t_ns += each
    yield closes
    yield {"event": "result", "attempt": 1, "t_ns": t_ns, "result": _result(role, epochs)}
    yield from phase("cooldown", t_ns, t_ns + int(IDLE_S * SECOND))


def _trace(path: Path, meter: Dict[str, Any], until_ns: int, rate_Hz: float, lines: List[Dict[str, Any]]) -> None:
    """Power that follows the epochs, with noise, in batches as a closed trace has them."""
    pa = arrow()
    columns = [channel["name"] + "_power_W" for channel in meter["channels"]]
    kinds = fixed_columns(False) + [(name, value_type(name)) for name in columns]
    meta = {"schema": 1, "meter": {"name": "bench", "kind": "bench", "options": {}, "identity": {}},
            "channels": meter["channels"], "total": meter["total"], "period_s": 1 / rate_Hz, "clock": BOOT,
            "simulated": True, "replayed": False, "attempt": 1}  # fmt: skip
    schema = pa.schema(
        [pa.field(name, getattr(pa, kind)()) for name, kind in kinds],
        metadata={METADATA_KEY: json.dumps(meta).encode()},
    )
    begins = np.array([line["t_ns"] for line in lines if line["event"] == "begin" and line["phase"] != "epoch"])
    random = np.random.RandomState(1)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, schema) as writer:
        for t_ns in _times(until_ns, rate_Hz, random):
            watts = 3 + 6 * (np.searchsorted(begins, t_ns) % 2) + random.random_sample(len(t_ns))
            fixed = [t_ns, np.zeros(len(t_ns), "i4"), np.zeros(len(t_ns), "i4"), np.zeros(len(t_ns), "u1")]
            powers = [(watts / (1 + index)).astype("f4") for index in range(len(columns))]
            arrays = [pa.array(values) for values in fixed + powers]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))


def _times(until_ns: int, rate_Hz: float, random: Any) -> Iterator[np.ndarray]:
    period, start = int(SECOND / rate_Hz), 9 * SECOND
    while start < until_ns:
        count = min(BATCH, (until_ns - start) // period + 1)
        yield start + np.arange(count, dtype=np.int64) * period + random.randint(0, period // 4, count)
        start += count * period


def _meter(rate_Hz: float, channels: int) -> Dict[str, Any]:
    channel = {"boundary": "module", "shape": "instant", "tau_s": None, "gain_error": 0.01, "offset_error_W": 0.01,
               "accuracy_source": "bench", "resolution_W": 0.001}  # fmt: skip
    places = [dict(channel, name=f"rail{index}") for index in range(1, channels)]
    return {"name": "bench", "kind": "bench", "channels": [dict(channel, name="in"), *places], "total": ["in"],
            "simulated": True, "period_s": 1 / rate_Hz, "identity": {}}  # fmt: skip


def _result(role: str, epochs: Sequence[int]) -> Dict[str, Any]:
    draw = {"ratio": 0.5, "rule": "consecutive", "epoch": epochs[-1] + 1, "fired": True, "kept": 0.5, "distances": [],
            "repaired_layers": []}  # fmt: skip
    return {
        "epochs_run": [epochs[0], epochs[-1] + 1], "accuracy_final": 0.93, "accuracy_best": 0.94, "best_epoch": 1,
        "forward_flops": {"paper": 627355658, "mac2": 627355658}, "dense_flops": {"paper": 627355658},
        "images": 50000, "batch_size": 256, "parameters": 14700000, "widths": [], "gammas": 4224,
        "draws": {"consecutive-0.5": draw} if role == "search" else {}, "loss_final": 0.1, "detection": None,
    }  # fmt: skip


def _cells() -> Dict[str, Any]:
    common = {"model": "vgg16", "dataset": "cifar10", "seed": 1, "options": {}}
    charges = _charges((SEARCH, "search", "consecutive-0.5"), (RETRAIN, "retrain", None))
    return {"schema": 1, "study": "bench", "repetitions": 1, "cells": [
        dict(common, id="dense", method="dense", label="dense", ratio=None, charges=_charges((DENSE, "train", None))),
        dict(common, id="early_bird", method="early_bird", label="early_bird", ratio=0.5, charges=charges),
    ]}  # fmt: skip


def _charges(*items: Tuple[str, str, Any]) -> List[Dict[str, Any]]:
    return [{"stage": stage, "role": role, "until": until} for stage, role, until in items]
