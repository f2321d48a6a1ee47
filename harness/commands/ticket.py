"""harness ticket: show what a ticket is, copy one out of a run, take one in that was drawn elsewhere."""

import json
from pathlib import Path
from typing import Any, Dict, Optional

import click

from harness.errors import UserError
from harness.verbs import Verbs


@click.group(cls=Verbs)
def command() -> None:
    """Tickets as portable files: masks, widths, where they come from and, if wanted, weights; no pickle."""


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def show(file: str, as_json: bool) -> None:
    """Tell what the ticket in FILE is: network, data, ratio, rule, epoch, and what is kept of each layer."""
    facts = _facts(Path(file))
    if as_json:
        return click.echo(json.dumps(facts, indent=1))
    training, draw = facts["training"], facts["draw"]
    click.echo(f"{training['model']} on {training['dataset']}, width {training['width']:g}, seed {training['seed']}")
    click.echo(f"prunes the share {draw['ratio']:g} of its {_noun(draw)}, drawn {_when(facts)}")
    click.echo(f"keeps {facts['kept']} of {facts['channels']} channels; per layer:")
    click.echo("  " + " ".join(f"{kept}/{size}" for kept, size in facts["layers"]))
    if facts["connections_kept"] is not None:
        click.echo(f"keeps {100 * facts['connections_kept']:.4g} % of the single weights that it looked at")
    click.echo("with weights" if facts["weights"] else "without weights")
    click.echo(f"drawn under torch {facts['torch']}; search: {json.dumps(facts['asked'], sort_keys=True)}")
    click.echo(f"digest {facts['digest']}")


@command.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False))
@click.option("--row", default=None, metavar="ID", help="Row of the study in DIRECTORY whose ticket is meant.")
@click.option("--draw", default=None, metavar="KEY", help="Ticket by its draw, such as consecutive-0.5.")
@click.option("--repetition", type=click.IntRange(1), default=1, show_default=True, help="Of a study's stage.")
@click.option("--without-weights", is_flag=True, help="Leave the weights out: enough to measure, not to inherit.")
@click.option("--out", type=click.Path(dir_okay=False), required=True, help="File to write, such as eb50.npz.")
def export(
    directory: str, row: Optional[str], draw: Optional[str], repetition: int, without_weights: bool, out: str
) -> None:
    """Copy a ticket out of DIRECTORY: a study's folder, a stage's, or that of one repetition."""
    from dataclasses import replace

    from harness import drawn, rundir, tickets
    from workloads import ticket_file

    path = Path(out)
    if path.exists():
        raise UserError(f"{path} exists already: choose another name, or remove it", code=2)
    ticket = tickets.load(drawn.ticket_path(Path(directory), row, draw, repetition))
    if without_weights:
        ticket = replace(ticket, weights={})
    rundir.write(path, lambda file: ticket_file.write(file, ticket))
    click.echo(str(path))


@command.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--out", type=click.Path(file_okay=False), default="runs", show_default=True, help="Run directory.")
def import_(file: str, out: str) -> None:
    """Check the ticket in FILE against the network it names, and keep it for measurements on this machine."""
    from harness import machine, rundir, tickets

    click.echo(str(tickets.take_in(Path(file), rundir.Machine(Path(out), machine.name()))))


def _facts(path: Path) -> Dict[str, Any]:
    from harness import rundir, tickets
    from workloads import WorkloadError
    from workloads.origin import origin

    ticket = tickets.load(path)
    try:
        found = origin(ticket)
    except WorkloadError as error:
        raise UserError(f"{path}: {error}") from error
    from workloads.records import plain

    connections = list(ticket.connections.values())
    return {
        "digest": rundir.digest(path)[: tickets.DIGITS],
        "training": found.training.full(),
        "asked": found.training.asked(),
        "draw": plain(found.draw, whole=True),
        "epoch": found.epoch,
        "fired": found.fired,
        "channels": int(sum(kept.size for kept in ticket.mask)),
        "kept": int(sum(kept.sum() for kept in ticket.mask)),
        "layers": [[int(kept.sum()), int(kept.size)] for kept in ticket.mask],
        "widths": list(ticket.widths),
        "weights": bool(ticket.weights),
        "connections_kept": sum(k.sum() for k in connections) / sum(k.size for k in connections)
        if connections
        else None,
        "torch": ticket.provenance.get("torch", "not stated"),
    }


def _noun(draw: Dict[str, Any]) -> str:
    return {"": "channels", "filters": "filters", "reconstruction": "channels"}.get(draw["by"], "weights")


def _when(facts: Dict[str, Any]) -> str:
    draw, epoch = facts["draw"], facts["epoch"]
    if draw["rule"] == "end":
        return f"by {draw['by'] or 'gammas'} at the end, after {epoch} epochs"
    settled = "when its mask had settled" if facts["fired"] else "at the end of the search, its mask not yet settled"
    return (
        f"{settled}, after {epoch} epochs (rule {draw['rule']}, window {draw['window']}, epsilon {draw['epsilon']:g})"
    )
