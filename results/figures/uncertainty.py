"""Where the uncertainty of each method's energy comes from."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from results.figures._lacking import Lacking
from results.figures._methods import with_energy
from results.figures.style import SERIES, SOFT, Look, simulated
from results.methods import short
from results.uncertainty.budget import Budget

CAPTION = (
    "Uncertainty of each method's energy: the bar is half of the 95 % interval in percent of the energy, first "
    "repetition; its parts are the causes, by their share of the variance. Gain is common to all that one meter "
    "measured and cancels in ratios: what is left of a bar without it bounds how well methods can be told apart."
)
CAUSES = ("gain", "offset", "quantisation", "noise", "edges", "lag", "staleness", "gaps")


def data(study: Any) -> pd.DataFrame:
    """A row for each method and cause, on the headline meter."""
    found = with_energy(study)
    rows = []
    for method in found:
        energy = method.energies[0]
        assert energy is not None and energy.joules is not None
        causes = energy.budget.by_cause()
        squares = sum(interval.expanded**2 for interval in causes.values())
        for cause, interval in causes.items():
            rows.append(
                {
                    "method": short(method, found),
                    "cause": cause,
                    "expanded_alone_J": interval.expanded,
                    "share_of_variance": interval.expanded**2 / squares if squares else 0.0,
                    "energy_J": energy.joules,
                    "expanded_J": Budget(energy.budget).interval(energy.joules).expanded,
                    "excludes": energy.excludes,
                    "simulated": method.simulated,
                }
            )
    if not rows:
        raise Lacking("No cause of uncertainty is known for any energy of the study.")
    return pd.DataFrame(rows)


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """One bar for each method."""
    methods = list(dict.fromkeys(data["method"]))
    wholes = data.drop_duplicates("method").set_index("method")
    percent = 100 * wholes["expanded_J"] / wholes["energy_J"]
    figure = Figure(figsize=(look.width_in, 0.95 + 0.4 * len(methods)))
    axes = figure.subplots()
    left = pd.Series(0.0, index=methods)
    for index, cause in enumerate(_ordered(data["cause"])):
        shares = data[data["cause"] == cause].set_index("method")["share_of_variance"]
        width = shares.reindex(methods).fillna(0.0) * percent
        axes.barh(
            range(len(methods)), width, left=left, label=cause, height=0.62, edgecolor="white",
            color=SERIES[index % len(SERIES)], hatch="////" if index >= len(SERIES) else None,
        )  # fmt: skip
        left += width
    for index, name in enumerate(methods):
        words = f"±{percent[name]:.2g} %" + (" excl. meter accuracy" if wholes["excludes"][name] else "")
        axes.text(percent[name] + 0.015 * percent.max(), index, words, va="center", color=SOFT)
    axes.set_yticks(range(len(methods)), methods)
    axes.invert_yaxis()
    axes.set(xlim=(0, (1.5 if wholes["excludes"].any() else 1.2) * percent.max() or 1))
    axes.set_xlabel(f"95 % interval of one run (± % of its {simulated(data)}energy)")
    figure.legend(loc="outside upper center", ncols=min(data["cause"].nunique(), 2 * look.across))
    return figure


def _ordered(causes: pd.Series) -> list[str]:
    found = set(causes)
    return [cause for cause in CAUSES if cause in found] + sorted(found - set(CAUSES))
