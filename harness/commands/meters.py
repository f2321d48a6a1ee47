"""harness meters: list kinds of power meter and what is attached; probe, watch, record, emulate, import, compare."""

import importlib
import json
from pathlib import Path
from typing import Dict, List, Optional

import click

from harness import metering
from harness.verbs import Verbs


class Files(Verbs):
    """The verbs are the files in `harness/metering`; a name that Python reserves has a _ behind it."""

    def list_commands(self, ctx: click.Context) -> List[str]:
        return sorted(_files())

    def get_command(self, ctx: click.Context, name: str) -> Optional[click.Command]:
        found = _files().get(name)
        return importlib.import_module("harness.metering." + found.stem).command if found else None


@click.group(cls=Files, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the kinds of power meter that --meter takes, and what is attached to this machine."""
    if context.invoked_subcommand:
        return
    from meters.hardware import attached

    purposes, places = _purposes(), attached()
    if as_json:
        return click.echo(json.dumps({"kinds": purposes, "attached": [one._asdict() for one in places]}, indent=1))
    for kind, purpose in purposes.items():
        click.echo(f"{kind:12s} {purpose}")
    click.echo("\nattached to this machine:" + ("" if places else " no USB port, instrument, sensor or card is seen"))
    for one in places:
        click.echo(f"{one.place:20s} {one.what}" + (f"; --meter {one.meter}" if one.meter else ""))


def _files() -> Dict[str, Path]:
    folder = Path(metering.__file__).parent
    return {path.stem.rstrip("_"): path for path in folder.glob("*.py") if not path.stem.startswith("_")}


def _purposes() -> Dict[str, str]:
    """What each kind is, from the first line of its file; nothing is imported that a machine may lack."""
    from meters.spec import METERS, kinds

    return {kind: METERS.purpose(kind) for kind in kinds()}
