"""The ledger: from a run's events and power traces to the energy of every window, stage and table row.

Pure reading, on the board and on the laptop alike; needs numpy and the trace reader, no torch and no pandas.
"""

from harness.ledger.charges import CellEnergy, charge
from harness.ledger.detection import Detection
from harness.ledger.energies import Reading
from harness.ledger.rows import Row, StudyRuns
from harness.ledger.slowdowns import Slowdown
from harness.ledger.stage import StageRun
from harness.ledger.state import State
from harness.ledger.windows import Window

__all__ = [
    "CellEnergy",
    "Detection",
    "Reading",
    "Row",
    "Slowdown",
    "StageRun",
    "State",
    "StudyRuns",
    "Window",
    "charge",
]
