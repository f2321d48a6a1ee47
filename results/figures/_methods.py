"""What figures of methods share: the headline meter's figures."""

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


def boundary(method: Method) -> str:
    return "+".join(method.rows[0].energy.boundaries)
