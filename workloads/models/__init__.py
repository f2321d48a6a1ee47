"""The networks that can be trained: each module here is one, named like it, with a class `Network`."""

import pkgutil
from difflib import get_close_matches
from importlib import import_module
from typing import List, Optional, Sequence

from workloads import WorkloadError


def names() -> List[str]:
    """Every model that `build` knows; none of them is imported."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def build(name: str, num_classes: int, width: float = 1.0, widths: Optional[Sequence[int]] = None, align: int = 1):
    """A freshly initialised network that takes batches of RGB images.

    width: factor on every channel count.  widths: the channels that a ticket keeps, as `Network.widths` lists them.
    align: pad these widths to a multiple with channels that are zero and stay zero.
    """
    if name not in names():
        near = get_close_matches(name, names(), n=1)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        raise WorkloadError(f"no model '{name}'{hint}; there are: {', '.join(names())}")
    network = import_module(f"{__name__}.{name}").Network(num_classes, width=width, widths=widths, align=align)
    network.zero_padding()
    return network
