"""What figures of methods share: short names, and the headline meter's figures."""

from collections.abc import Sequence
from typing import Any

from results.figures._lacking import Lacking
from results.methods import Method, methods

NO_ENERGY = "No row of the study has an energy: {}."


def with_energy(study: Any) -> list[Method]:
    """The methods of a study all of whose rows have an energy on the headline meter; `Lacking` where none has."""
    if not study.meters:
        raise Lacking(NO_ENERGY.format("no meter recorded it"))
    rows = study.runs.rows(study.meters[0])
    found = [method for method in methods(rows, study.energies) if method.energy is not None]
    if not found:
        why = next((row.energy.reasons[0] for row in rows if row.energy.reasons), "nothing of it is finished")
        raise Lacking(NO_ENERGY.format(why))
    return found


def short(method: Method, among: Sequence[Method]) -> str:
    """A method's label and ratio, with its model and data set where these differ among the methods."""
    parts = [method.label] + ([] if method.ratio is None else [f"{method.ratio:g}"])
    for name in ("model", "dataset"):
        if len({getattr(other, name) for other in among}) > 1:
            parts.append(getattr(method, name))
    return " ".join(parts)


def boundary(method: Method) -> str:
    return "+".join(method.rows[0].energy.boundaries)
