"""A profile on disk whose every joule is known, as `harness run --form profile` leaves it."""

import copy
import json

from harness import rundir
from tests.harness.recording import step_samples, write_rep, write_trace
from tests.harness.timeline import DURATION_MS, MS, WATTS, Work, _Log, result

DENSE_L1, TICKET, EIGHT_BITS = "d1d1d1" * 2, "71c4e7" * 2, "8b8b8b" * 2
IMAGES = 250  # in each window
WINDOW_J = WATTS["window"] * DURATION_MS["window"] * 4 / 1000


def attempt(number=1, first=0, until=3, t_ns=10**12):
    """Events of a profile with windows `first` to `until`."""
    log = _Log(number, t_ns)
    log.write("attempt", clock={"host": "board", "boot_id": "boot-{}".format(number)})
    log.leaf("idle", inside=[("sync", {})])
    log.leaf("load")
    log.begin("train")
    for _ in range(4):
        log.pass_time("epoch")  # the warm-up
    for window in range(first, until):
        log.begin("window", epoch=window, of="training")
        for _ in range(4):
            log.pass_time("window")
        log.end("window", iterations=30, images=IMAGES)
        log.begin("checkpoint")
        log.pass_time("checkpoint")
        log.write("commit", epochs_done=window + 1)
        log.end("checkpoint")
    log.end("train")
    log.leaf("window", of="detect", repeats=100)
    kernel = {"seconds_each": 0.009, "repeats": 100, "memory_bytes": 10, "flops_paper": 224}
    told = dict(result(Work("train")), windows=3, epochs_run=[0, 0], draws={}, detection=kernel)
    log.write("result", result=told)
    log.leaf("cooldown")
    return log.lines


def cut_attempts():
    """A first attempt that dies in its second window, and one that goes on from there."""
    lines = attempt()
    dying = [i for i, line in enumerate(lines) if line["event"] == "begin" and line["phase"] == "window"][1]
    return [copy.deepcopy(lines[: dying + 1]), attempt(2, first=1)]


def cells():
    common = {"model": "vgg16", "dataset": "digits", "seed": 1, "options": {}}
    published = {"value": 0.9326, "source": "published"}

    def charge(role, stage, epochs, told="asked", twin=None):
        return {"role": role, "stage": stage, "until": None, "epochs": epochs, "epochs_from": told, "fp32_stage": twin}

    def cell(label, method, ratio, charges, accuracy):
        parts = [label, "vgg16", "digits"] + ([] if ratio is None else [format(ratio, "g")]) + ["seed1"]
        return dict(common, id="-".join(parts), label=label, method=method, ratio=ratio, charges=charges,
                    accuracy=accuracy)  # fmt: skip

    none = {"value": None, "source": "none"}
    return {"schema": 1, "study": "imitated-profile", "form": "profile", "repetitions": 1, "cells": [
        cell("dense_l1", "dense", None, [charge("train", DENSE_L1, 4)], none),
        cell("slimming", "slimming", 0.5, [charge("search", DENSE_L1, 4), charge("finetune", TICKET, 4)], none),
        cell("early_bird", "early_bird", 0.5,
             [charge("search", DENSE_L1, 2, "ticket"), charge("retrain", TICKET, 2, "ticket")], published),
        cell("eb_lf", "early_bird", 0.5,
             [charge("search", EIGHT_BITS, 2, "ticket", DENSE_L1), charge("retrain", TICKET, 4)], none),
    ]}  # fmt: skip


def write_profile(folder, cut=False, scatter=0.0):
    """The study's folder below `folder`.  `scatter`: by how much the last window draws more; `cut`: interrupted."""
    machine = rundir.Machine(folder / "runs", "board-abc123")
    for stage in (DENSE_L1, TICKET, EIGHT_BITS):
        precision = "block8" if stage == EIGHT_BITS else "fp32"
        attempts = cut_attempts() if cut else [attempt()]
        rep = write_rep(machine.rep(stage, 1), attempts, full={"precision": precision})
        if scatter:
            _scatter(rep, attempts[0], scatter)
    study = machine.study("imitated-profile")
    rundir.write(study.cells, lambda file: file.write(json.dumps(cells()).encode()))
    rundir.write(study.study, lambda file: file.write(b'title = "A profile whose joules are known"\n'))
    return study.folder


def _scatter(rep, lines, share):
    begin = [line["t_ns"] for line in lines if line["event"] == "begin" and line.get("of") == "training"][-1]
    samples = [(t, watts * (1 + share * (t > begin))) for t, watts in step_samples(lines, 300 * MS, WATTS)]
    write_trace(rep.trace("wall", 1), samples, "wall", 1)
