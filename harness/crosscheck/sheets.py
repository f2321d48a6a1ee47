"""A crosscheck as tables for people."""

from typing import Any, Dict, List

from harness.quantities import NONE, percent, significant
from harness.summary import Sheet


def sheets(content: Dict[str, Any]) -> List[Sheet]:
    """What each meter saw at each load, and what each says of the one before it."""
    return [_seen(content), _pairs(content)]


def _seen(content: Dict[str, Any]) -> Sheet:
    loads = list(dict.fromkeys(window["load"] for window in content["windows"]))
    word = "simulated " if content["simulated"] else ""
    lines = [
        [view["name"], "+".join(view["boundaries"])] + [significant(view["mean_W"][load]) for load in loads]
        for view in content["views"]
    ]
    title = "what each meter sees" + (": power is simulated" if content["simulated"] else "")
    return Sheet(title, ["meter", ""] + [f"{word}W {load}" for load in loads], lines, [])


def _pairs(content: Dict[str, Any]) -> Sheet:
    header = ["pair", "gain", "+-", "offset W", "lag s", "+-", "residual W", "worst level %", "corrected %"]
    lines, notes = [], ["reading(t) = gain x reference(t - lag) + offset; of each pair the first is the reference"]
    for pair in content["pairs"]:
        name = f"{pair['reference']}, {pair['meter']}"
        if pair["fit"] is None:
            lines.append([name] + [NONE] * (len(header) - 1))
            notes.append(f"{name}: {pair['reason']}")
            continue
        lines.append([name] + _figures(pair))
        reason = pair["acceptance"]["reason"]
        notes.append(f"{name}: " + (f"not accepted, {reason}" if reason else "accepted by the rule of MLPerf Training"))
    return Sheet("each pair", header, lines, notes)


def _figures(pair: Dict[str, Any]) -> List[str]:
    fit, acceptance = pair["fit"], pair["acceptance"]
    return [
        f"{fit['gain']:.5f}",
        f"{2 * fit['gain_sd']:.5f}",
        f"{fit['offset_W']:.4f}",
        f"{fit['lag_s']:.4f}",
        f"{fit['lag_within_s']:.4f}",
        significant(fit["residual_W"], 2),
        percent(acceptance["deviation"], 3),
        percent(acceptance["corrected"], 3),
    ]
