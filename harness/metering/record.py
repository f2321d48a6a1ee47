"""harness meters record: a trace by itself, for a laptop that holds the meter."""

import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, Optional

import click

from harness.recording.asked import Asked
from harness.recording.asked import options as recorder_options


@click.command()
@click.argument("spec", metavar="KIND[:key=value,...]")
@click.option("--out", type=click.Path(dir_okay=False), required=True, help="File for the trace, such as wall.arrow.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), default=None, help="End then. [default: Ctrl-C]")
@recorder_options
def command(spec: str, out: str, seconds: Optional[float], recorder: Asked) -> None:
    """Record a meter into a trace until Ctrl-C or for so many seconds; the file's name goes to stdout.

    SIGTERM and a terminal that goes away end it as Ctrl-C does.  While it records, the trace is in a folder beside the
    file; a crash leaves it there.
    """
    from harness.errors import UserError
    from harness.measuring.opened import parsed

    for path in [out] + ([out + ".raw"] if recorder.raw else []):
        if os.path.exists(path):
            raise UserError(f"{path} exists already: choose another name, or remove it", code=2)
    statistics = _record(parsed(spec), Path(out), seconds, recorder)
    click.echo(_summary(statistics), err=True)
    click.echo(out)


def _summary(found: Dict[str, Any]) -> str:
    """How well it was sampled, in a line; what is usual is left out."""
    counts = {"gaps": "gaps", "missed": "missed"}
    unusual = {
        "stale_repeats": "stale repeats",
        "resynchronisations": "resynchronisations",
        "nonpositive": "not above 0 W",
        "not_available": "without a value",
    }
    silent_s = found["silent_at_end_s"]
    shown = {**counts, **{key: word for key, word in unusual.items() if found[key]}}
    refresh = [f"{name} every {seconds:.3g} s" for name, seconds in found["refresh_s"].items() if seconds]
    return ", ".join(
        [f"{found['samples']} samples at {found['achieved_Hz']:.4g} Hz"]
        + [f"{found[key]} {word}" for key, word in shown.items()]
        + ([f"silent for the last {silent_s:.1f} s"] if silent_s else [])
        + ([f"new values: {', '.join(refresh)}"] if refresh else [])
    )


def _record(spec: Any, out: Path, seconds: Optional[float], recorder: Asked) -> Dict[str, Any]:
    from harness import rundir
    from harness.errors import UserError
    from harness.measuring.background import Background

    out.parent.mkdir(parents=True, exist_ok=True)
    rep = rundir.Rep(Path(tempfile.mkdtemp(prefix=out.name + ".", dir=str(out.parent))))

    def warn(sentence: str) -> None:
        click.echo("warning: " + sentence, err=True)

    for ending in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) != signal.SIG_IGN:  # as under nohup
            signal.signal(ending, signal.default_int_handler)
    with Background([spec], rep.power, 1, warn, recorder) as background:
        word = " (simulated)" if background.ready[0]["simulated"] else ""
        click.echo(f"recording {spec.name}{word}", err=True)
        _wait(background, seconds)
    if background.failure:
        raise UserError(f"{background.failure}; what was recorded is in {rep.power}")
    os.replace(str(rep.trace(spec.name, 1)), str(out))
    if rep.raw(spec.name, 1).exists():
        os.replace(str(rep.raw(spec.name, 1)), str(out) + ".raw")
    rundir.sync_folder(out.parent)
    _remove(rep)
    return background.statistics[spec.name]


def _wait(background: Any, seconds: Optional[float]) -> None:
    deadline = time.monotonic() + (seconds or float("inf"))
    try:
        while background.recording and time.monotonic() < deadline:
            time.sleep(min(0.2, max(0.0, deadline - time.monotonic())))
    except KeyboardInterrupt:
        pass  # the way to end it


def _remove(rep: Any) -> None:
    """The folder in which it was recorded, with an emulator's log in it, if any."""
    for leftover in rep.power.iterdir():
        leftover.unlink()
    rep.power.rmdir()
    rep.folder.rmdir()
