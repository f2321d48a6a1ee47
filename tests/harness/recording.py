"""Run directories with known energy: the events of `timeline`, and traces whose watts follow them exactly."""

import json
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

import pyarrow as pa

from harness import rundir
from tests.harness.timeline import MS, WATTS, Work, as_text, power_steps

PERIOD_MS = 50
EDGE_NS = 1  # a step of power takes this long in a trace
SEARCH, DENSE, SLIM, EARLY = "5ea5c4" * 2, "de45e0" * 2, "511a1b" * 2, "ea51b1" * 2


def write_rep(
    rep: rundir.Rep,
    attempts: Sequence[List[Dict[str, Any]]],
    meters: Iterable[str] = ("wall",),
    power: Optional[Dict[Any, float]] = None,
    holes: Sequence[Tuple[int, int, int]] = (),
    tail_ms: int = 700,
    complete: bool = True,
    **manifest: Any,
) -> rundir.Rep:
    """A repetition on disk.  `holes`: (attempt, start_ns, stop_ns) without samples; `tail_ms`: how long recording went
    on after the last event of an attempt that died."""
    rep.power.mkdir(parents=True, exist_ok=True)
    rep.events.write_text("".join(as_text(lines) for lines in attempts))
    for meter in meters:
        for number, lines in enumerate(attempts, 1):
            last = tail_ms if number < len(attempts) or not complete else 300
            missing = [(start, stop) for attempt, start, stop in holes if attempt == number]
            samples = step_samples(lines, last * MS, power or WATTS, missing)
            write_trace(rep.trace(meter, number), samples, meter, number)
    rep.manifest.write_text(json.dumps(dict(manifest_of(rep, meters), **manifest)))
    if complete:
        rundir.seal(rep)
    return rep


def manifest_of(rep: rundir.Rep, meters: Iterable[str]) -> Dict[str, Any]:
    channel = {
        "name": "out",
        "boundary": "dc_input",
        "shape": "instant",
        "tau_s": None,
        "gain_error": 0.01,
        "offset_error_W": 0.005,
        "accuracy_source": "imitated",
        "resolution_W": 0.001,
    }
    return {
        "schema": 1, "stage": rep.folder.parent.name, "repetition": int(rep.folder.name[4:]),
        "training": {}, "full": {},
        "machine": {"name": "board"}, "versions": {"torch": "imitated"}, "threads": 1, "power_mode": "MAXN",
        "meters": [{"name": meter, "kind": "imitated", "channels": [channel], "total": ["out"], "simulated": True,
                    "period_s": PERIOD_MS / 1e3, "identity": {}} for meter in meters],
        "simulated": True, "attempts": [],
    }  # fmt: skip


def step_samples(
    lines: List[Dict[str, Any]], tail_ns: int, power: Dict[Any, float], missing: Sequence[Tuple[int, int]] = ()
) -> List[Tuple[int, float]]:
    """(t_ns, watts) at the native period and on both sides of each step of power, from before the first event on."""
    first, until = lines[0]["t_ns"] - 300 * MS, lines[-1]["t_ns"] + tail_ns
    steps = [(first, lines[0]["t_ns"], power[None])] + power_steps(lines, until, power)
    samples = []
    for start, stop, watts in steps:
        times = list(range(start + EDGE_NS, stop, PERIOD_MS * MS)) + [stop]
        samples += [(t, watts) for t in times]
    return [(t, watts) for t, watts in samples if not any(low < t < high for low, high in missing)]


def write_trace(
    path: Path, samples: List[Tuple[int, float]], meter: str, attempt: int, boot: str = "boot-{}", **channel: Any
) -> None:
    """A trace of one channel; `channel` changes what it declares of itself."""
    write_columns(path, samples, [0] * len(samples), {}, meter, attempt, boot, **channel)


def write_columns(
    path: Path,
    samples: List[Tuple[int, float]],
    flags: Sequence[int],
    further: Dict[str, Sequence[float]],
    meter: str = "wall",
    attempt: int = 1,
    boot: str = "boot-{}",
    **channel: Any,
) -> None:
    """A trace of one channel with its flags; `further` are columns beside its power, such as a counter's."""
    times, watts = zip(*samples)
    columns = {
        "t_ns": pa.array(times, pa.int64()), "read_ns": pa.array([0] * len(times), pa.int32()),
        "segment": pa.array([0] * len(times), pa.int32()), "flags": pa.array(flags, pa.uint8()),
        "out_power_W": pa.array(watts, pa.float32()),
    }  # fmt: skip
    columns.update({name: pa.array(values, pa.float64()) for name, values in further.items()})
    declared = manifest_of(rundir.Rep(Path("stages/x/rep-1")), [meter])["meters"][0]["channels"][0]
    meta = {
        "schema": 1, "meter": {"name": meter, "kind": "imitated", "options": {}, "identity": {}},
        "channels": [dict(declared, **channel)], "total": ["out"],
        "period_s": PERIOD_MS / 1e3, "clock": {"host": "board", "boot_id": boot.format(attempt)}, "simulated": True,
        "replayed": False, "attempt": attempt,
    }  # fmt: skip
    schema = pa.schema([(name, column.type) for name, column in columns.items()])
    schema = schema.with_metadata({"harness": json.dumps(meta)})
    with pa.OSFile(str(path), "wb") as file:
        writer = pa.RecordBatchStreamWriter(file, schema)
        writer.write_table(pa.Table.from_arrays(list(columns.values()), schema=schema))
        writer.close()


def cells() -> Dict[str, Any]:
    """cells.json of a study with the three methods; the search serves two of them."""
    common = {"model": "vgg16", "dataset": "digits", "seed": 1, "options": {}}
    return {"schema": 1, "study": "imitated", "repetitions": 1, "cells": [
        dict(common, id="dense-vgg16-digits-seed1", method="dense", label="dense", ratio=None,
             charges=[{"role": "train", "stage": DENSE, "until": None}]),
        dict(common, id="slimming-vgg16-digits-0.5-seed1", method="slimming", label="slimming", ratio=0.5,
             charges=[{"role": "search", "stage": SEARCH, "until": "end-0.5"},
                      {"role": "finetune", "stage": SLIM, "until": None}]),
        dict(common, id="early_bird-vgg16-digits-0.5-seed1", method="early_bird", label="early_bird", ratio=0.5,
             charges=[{"role": "search", "stage": SEARCH, "until": "consecutive-0.5"},
                      {"role": "retrain", "stage": EARLY, "until": None}]),
    ]}  # fmt: skip


SEARCH_WORK = Work("search", 0, 4, (("consecutive-0.5", 2), ("end-0.5", 4)))
WORKS = {
    DENSE: Work("train", 0, 4),
    SEARCH: SEARCH_WORK,
    SLIM: Work("finetune", 0, 4, prunes=True),
    EARLY: Work("retrain", 2, 4, prunes=True),
}
