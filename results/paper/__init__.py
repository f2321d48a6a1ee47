"""Our rows beside the published tables, in their layout: ratio and verdict per cell, improvements named."""

from results.paper.beside import Cell, cells, frame
from results.paper.improvement import Improvement, improvements
from results.paper.names import DATASETS, MODELS, name
from results.paper.sheets import sheets

__all__ = ["DATASETS", "MODELS", "Cell", "Improvement", "cells", "frame", "improvements", "name", "sheets"]
