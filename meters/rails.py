"""From the rails that a board shows to channels: which board it is, what makes its whole input, how accurate it is."""

from pathlib import Path
from typing import AbstractSet, Optional, Sequence, Tuple

from meters.base import Channel
from meters.boards import ACCURACY_SOURCE, BOARDS, GAIN_ERROR, OFFSET_V, STEP_V, Board
from meters.errors import MeterError


def device_tree(root: Path) -> str:
    """Names of board and SoC, separated by NUL; empty where the device tree is hidden, as in a container."""
    path = root / "proc/device-tree/compatible"
    return path.read_text().rstrip("\0\n") if path.exists() else ""


def recognise(compatible: str, labels: AbstractSet[str]) -> Optional[Board]:
    """The board with this device-tree `compatible` text and these rails, None when there is no such board.

    A container hides the device tree (`compatible` is empty); then the board with most of these labels it is.
    """
    fitting = [board for board in BOARDS if _fits(board, compatible, labels)]
    return max(fitting, key=lambda board: len(labels & set(board.rails)), default=None)


def _fits(board: Board, compatible: str, labels: AbstractSet[str]) -> bool:
    total = set(board.total)
    inside = set(board.rails) - total
    right_soc = not compatible or board.soc in compatible
    return right_soc and total <= labels and (not inside or not inside.isdisjoint(labels))


def channel(label: str, board: Optional[Board], in_total: bool, shunt_ohm: Optional[float] = None) -> Channel:
    """The rail as a channel; a shunt that the driver states is believed before the table's.

    A channel of the total has the boundary of the total; any other is a `rail`.
    """
    whole = board.boundary if board else "module"
    plain = Channel(label, whole if in_total else "rail")
    rail = board.rails.get(label) if board else None
    shunt_ohm = shunt_ohm or (rail.shunt_ohm if rail else None)
    if rail is None or shunt_ohm is None:
        return plain
    volts_per_ohm = rail.nominal_V / shunt_ohm
    return plain._replace(
        gain_error=GAIN_ERROR,
        offset_error_W=OFFSET_V * volts_per_ohm,
        accuracy_source=ACCURACY_SOURCE,
        resolution_W=STEP_V * volts_per_ohm,
    )


def whole_input(board: Optional[Board], stated: str, labels: Sequence[str]) -> Tuple[str, ...]:
    """The rails of the table's total, else those that the user states as `A+B`; none where neither knows."""
    if board and stated:
        raise MeterError(f"the total of a {board.name} is {' + '.join(board.total)}; leave total= out")
    if board or not stated:
        return board.total if board else ()
    names = tuple(stated.split("+"))
    if not set(names) <= set(labels) or len(set(names)) < len(names):
        raise MeterError(f"total={stated} is no sum of different rails; there are: {', '.join(labels)}")
    return names


def note(board: Optional[Board], compatible: str, total: Sequence[str]) -> str:
    """What a reader has to know about the total."""
    return board.note if board else _unknown(compatible, total)


def _unknown(compatible: str, total: Sequence[str]) -> str:
    tree = compatible.replace("\0", " ") or "device tree hidden"
    known = ", ".join(board.name for board in BOARDS)
    if total:
        return f"This board ({tree}) is none of {known}; {' + '.join(total)} was named by hand as its whole input."
    return (
        f"This board ({tree}) is none of {known}, so which rails make its whole input is not known and none are "
        "added; state them as in total=VDD_IN, or total=A+B for a sum."
    )
