"""harness meters probe: identify one meter and show ten readings of it."""

import itertools
import json
from typing import Any, Dict, List

import click

READINGS = 10


@click.command()
@click.argument("spec", metavar="KIND[:key=value,...]")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(spec: str, as_json: bool) -> None:
    """Identify a meter, tell what its channels are, and show ten readings.

    Exit status: 0 it delivers, 1 it does not, 2 misused.
    """
    from harness.measuring.opened import looks, opened, parsed

    asked = parsed(spec)
    with opened(asked) as meter:
        samples = list(itertools.islice((sample for look in looks(meter) for sample in look), READINGS))
        found = {
            "kind": asked.kind,
            "identity": meter.identity(),
            "simulated": meter.simulated,
            "period_s": meter.period_s,
            "channels": [dict(channel._asdict()) for channel in meter.channels],
            "total": list(meter.total),
            "columns": list(meter.columns),
            "readings": [dict(zip(meter.columns, sample.values), t_ns=sample.t_ns) for sample in samples],
        }
    click.echo(json.dumps(found, indent=1) if as_json else "\n".join(_lines(found)))


def _lines(found: Dict[str, Any]) -> List[str]:
    from harness.quantities import significant
    from harness.summary import aligned

    first_ns = found["readings"][0]["t_ns"]
    word = ", simulated: no joule of it is measured" if found["simulated"] else ""
    lines = [f"{found['kind']}: a reading each {found['period_s']:g} s{word}"]
    lines += [f"  {key}: {value}" for key, value in found["identity"].items()]
    lines += [_channel(channel, channel["name"] in found["total"]) for channel in found["channels"]]
    table = [["s"] + found["columns"]] + [
        [f"{(reading['t_ns'] - first_ns) / 1e9:.3f}"] + [significant(reading[column]) for column in found["columns"]]
        for reading in found["readings"]
    ]
    return lines + ["", aligned(table).rstrip()]


def _channel(channel: Dict[str, Any], in_total: bool) -> str:
    parts = [channel["boundary"], channel["shape"].replace("_", " ")]
    if channel["gain_error"] is not None:
        offset = channel["offset_error_W"]
        parts.append(f"{100 * channel['gain_error']:g} % of reading" + (f" + {offset:g} W" if offset else ""))
    parts.append("accuracy: " + channel["accuracy_source"])
    return f"  {channel['name']}: " + ", ".join(parts + ["part of the total"] * in_total)
