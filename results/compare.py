"""Two studies beside each other: how energies differ, with intervals, and what else differed."""

from typing import Any, NamedTuple

from harness.ledger import calibrations
from harness.quantities import NONE, kilojoules, significant
from harness.summary import Sheet
from results import provenance
from results.methods import Method, methods, paired
from results.statistics import ratio_interval
from results.uncertainty.budget import Budget, Interval
from results.uncertainty.causes import OF_THE_METER


class Pair(NamedTuple):
    """The same method in both studies; `ratio` is B's energy over A's, None where they cannot be compared.

    It is over the means of runs of the same seed and repetition; `reason` says what it lacks.
    """

    a: Method
    b: Method
    ratio: Interval | None
    reason: str


def pairs(a: Any, b: Any) -> list[Pair]:
    """Methods that both studies (`results.Study`) have, by label, model, data set and ratio."""
    others = {_kind(method): method for method in methods(b.runs.rows(), b.energies)}
    shared = _same_meter(a, b)
    return [
        _pair(method, others[_kind(method)], shared)
        for method in methods(a.runs.rows(), a.energies)
        if _kind(method) in others
    ]


def differences(a: Any, b: Any) -> list[tuple[str, str, str]]:
    """(fact, in A, in B) of everything known of machine, software, meters and settings that is not the same."""
    left, right = _facts(a), _facts(b)
    keys = list(dict.fromkeys([*left, *right]))
    return [(key, left.get(key, NONE), right.get(key, NONE)) for key in keys if left.get(key) != right.get(key)]


def sheets(a: Any, b: Any) -> list[Sheet]:
    word = " (simulated)" if a.simulated or b.simulated else ""
    header = ["method", f"kJ A{word}", f"kJ B{word}", "B / A", "95 % interval", "accuracy A %", "accuracy B %", ""]
    lines = [_line(pair) for pair in pairs(a, b)]
    notes = [f"A: {a.folder}", f"B: {b.folder}"]
    notes += [f"{side}: {note}" for side, one in (("A", a), ("B", b)) for note in calibrations.sentences(one.runs)]
    notes += [] if lines else ["the two studies have no method on the same model, data set and ratio in common"]
    facts = [list(fact) for fact in differences(a, b)]
    return [
        Sheet("energy of the same methods", header, lines, notes),
        Sheet("what else differed", ["", "A", "B"], facts, [] if facts else ["nothing that is recorded"]),
    ]


def _pair(a: Method, b: Method, same_meter: bool) -> Pair:
    here, there = (_boundaries(one) or "no boundary" for one in (a, b))
    if here != there:
        return Pair(a, b, None, f"measured at {here} and at {there}: not comparable")
    if a.energy is None or b.energy is None:
        return Pair(a, b, None, "no energy")
    pairs = [((joules, _apart(budget, same_meter)), at_a) for (joules, budget), at_a in paired(b, a)]
    if not pairs:
        return Pair(a, b, None, "no run of the same seed and repetition in both")
    found = ratio_interval(pairs)
    return Pair(a, b, found, ", ".join(_caveats(a, b, found, len(pairs), same_meter)))


def _caveats(a: Method, b: Method, found: Interval, count: int, same_meter: bool) -> list[str]:
    said = {
        "not distinguishable": found.low <= 1 <= found.high,
        "metering only, one run": count == 1,
        f"ratio of the {count} runs that both have": 1 < count < max(len(a.rows), len(b.rows)),
        "excl. meter accuracy": not same_meter and (a.accuracy_unstated or b.accuracy_unstated),
    }
    return [words for words, applies in said.items() if applies]


def _apart(budget: Budget, same_meter: bool) -> Budget:
    """B's errors under names of their own, but for those that it shares with A because one meter made both.

    The same stage has the same name in both studies, and its noise is not the same noise.
    """
    shared = OF_THE_METER if same_meter else ()
    return Budget({key if key.split("/")[0] in shared else f"{key}/B": part for key, part in budget.items()})


def _line(pair: Pair) -> list[str]:
    quotient = pair.ratio
    interval = f"{significant(quotient.low)} to {significant(quotient.high)}" if quotient else NONE
    return [
        pair.a.name,
        kilojoules(pair.a.energy.value if pair.a.energy else None),
        kilojoules(pair.b.energy.value if pair.b.energy else None),
        significant(quotient.value) if quotient else NONE,
        interval,
        NONE if pair.a.accuracy is None else f"{100 * pair.a.accuracy:.2f}",
        NONE if pair.b.accuracy is None else f"{100 * pair.b.accuracy:.2f}",
        pair.reason,
    ]


def _kind(method: Method) -> tuple:
    return method.label, method.model, method.dataset, method.ratio


def _boundaries(method: Method) -> str:
    return "+".join(sorted({boundary for row in method.rows for boundary in row.energy.boundaries}))


def _same_meter(a: Any, b: Any) -> bool:
    """Whether both were measured by one device: the same machine and the same identity, where it is known."""
    left, right = provenance.machine(a.runs), provenance.machine(b.runs)
    return left.get("name") == right.get("name") and _identities(a) == _identities(b)


def _identities(study: Any) -> list[Any]:
    return [(meter.get("name"), meter.get("kind"), meter.get("identity")) for meter in _meters(study)]


def _meters(study: Any) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for run in study.runs.runs():
        for meter in run.described:
            found.setdefault(meter["name"], meter)
    return list(found.values())


def _facts(study: Any) -> dict[str, str]:
    facts = dict(provenance.machine(study.runs))
    for channel in provenance.meters(study.runs):
        name = f"meter {channel['meter']} {channel['channel']}"
        facts[name] = ", ".join(value for key, value in channel.items() if key not in ("meter", "channel"))
    return facts
