"""The analysis layer: energy, tables, figures and reports from run directories.  Python >= 3.10, no torch."""

from results.load import Study, load

__all__ = ["Study", "load"]
