"""harness compare: two studies beside each other, and what else differed between them."""

import json
from typing import Any

import click

from results.commands._options import reading


@click.command()
@click.argument("a", metavar="A", type=click.Path(exists=True, file_okay=False))
@click.argument("b", metavar="B", type=click.Path(exists=True, file_okay=False))
@click.option(
    "--format",
    "kind",
    type=click.Choice(("text", "markdown", "latex")),
    default="text",
    show_default=True,
    help="Layout.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@reading
def command(a: str, b: str, kind: str, as_json: bool, reading: dict[str, Any]) -> None:
    """Compare the study in B with the one in A: boards, meters, commits, power modes, and energies with intervals."""
    from results import compare, load, tables

    left, right = load(a, **reading), load(b, **reading)
    if as_json:
        return click.echo(json.dumps(_plain(left, right), indent=1))
    layout = {"text": tables.text, "markdown": tables.markdown, "latex": tables.latex}[kind]
    click.echo("\n".join(map(layout, compare.sheets(left, right))), nl=False)


def _plain(left, right) -> dict:  # type: ignore[no-untyped-def]
    from results import compare

    return {
        "schema": 1,
        "rows": [
            {
                "method": pair.a.name,
                "energy_ratio": pair.ratio.value if pair.ratio else None,
                "low": pair.ratio.low if pair.ratio else None,
                "high": pair.ratio.high if pair.ratio else None,
                "note": pair.reason,
            }
            for pair in compare.pairs(left, right)
        ],
        "differences": [{"fact": fact, "a": one, "b": other} for fact, one, other in compare.differences(left, right)],
    }
