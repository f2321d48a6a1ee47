"""Can the board's own power sensors be read?"""

from pathlib import Path

from harness.board.nodes import l4t
from harness.doctor import Finding, Said, fine, spoils
from meters.errors import MeterError
from meters.ina3221 import Meter

MEND = "./jetson_setup.sh --sensor-access (docs/jetson.md says what that opens), or an external meter"


def check(root: Path, said: Said) -> Finding:
    if not l4t(root):
        return fine("no Jetson: its energy needs an external meter")
    try:
        meter = Meter(root=str(root))
        meter.read_row()
        meter.close()
    except MeterError as error:
        return spoils(str(error), MEND)
    rails = ", ".join(channel.name for channel in meter.channels)
    return fine(f"{rails}; whole input: {' + '.join(meter.total) or 'none of them'}")
