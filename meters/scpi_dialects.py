"""What each maker of power analysers wants to be told, and how it is asked for numbers.

Sources: Yokogawa IM WT310-17EN; HIOKI's PW3335 communication commands; what intel/yoko-tool and PTDaemon send.
"""

from typing import Any, Dict, List, NamedTuple, Tuple

from meters.scpi_decode import quantity


class Dialect(NamedTuple):
    """`maker`: how the reply to *IDN? begins.  `adjustable`: mode, rate and ranges can be set from here."""

    maker: str
    end: bytes
    items: Tuple[str, ...]
    period_s: float
    ask: str
    adjustable: bool = False
    select: Tuple[str, ...] = ()  # before the items are told
    item: str = ""
    integrate: Tuple[str, ...] = ()
    farewell: Tuple[str, ...] = ()
    error: str = ""  # asks whether a setting was refused

    @property
    def quantities(self) -> Tuple[str, ...]:
        return tuple(map(quantity, self.items))

    def choose_items(self) -> List[str]:
        return [*self.select, *(self.item.format(n, item) for n, item in enumerate(self.items, 1) if self.item)]


DIALECTS: Dict[str, Dialect] = {
    "yokogawa": Dialect(
        maker="YOKOGAWA",
        end=b"\n",
        items=("P", "U", "I", "WH", "TIME"),
        period_s=0.25,
        ask=":NUM:NORM:VAL?",
        adjustable=True,
        select=(":COMM:HEAD OFF", ":COMM:VERB ON", ":COMM:REM ON", ":NUM:FORM ASC", ":NUM:NORM:NUM 5"),
        item=":NUM:NORM:ITEM{} {},1",
        integrate=(":INTEG:MODE NORM", ":INTEG:RES", ":INTEG:STAR"),
        farewell=(":INTEG:STOP", ":COMM:REM OFF"),
        error=":STAT:ERR?",
    ),
    "gwinstek": Dialect(
        maker="GWInstek",
        end=b"\r\n",
        items=("P", "U", "I"),
        period_s=0.25,
        ask=":NUMERIC:NORMAL:VALUE?",
        select=(":NUM:NORM:NUMBER 3",),
        item=":NUM:NORM:ITEM{} {}",
    ),
    "hioki": Dialect(
        maker="HIOKI",
        end=b"\r\n",
        items=("P", "U", "I", "WH"),
        period_s=0.5,
        ask=":MEAS? P,U,I,WH",
        select=(":HEADER ON",),
    ),
}


def settings(mode: str, update_s: float, range_V: float, range_A: float) -> List[str]:
    """Yokogawa: measuring mode, rate, and ranges that are fixed, or where 0 looked for."""
    rate = f"{round(1000 * update_s)}MS" if update_s < 1 else f"{round(update_s)}S"
    return [
        f":INP:MODE {mode.upper()}",
        ":INP:CFAC 3",
        f":RATE {rate}",
        *_range("VOLT", range_V, "V"),
        *_range("CURR", range_A, "A"),
    ]


def accuracy(variant: str, mode: str, range_W: float) -> Dict[str, Any]:
    """As fields of a channel, where the maker states it and the ranges are fixed."""
    if variant != "yokogawa" or not range_W:
        return {}
    share = 0.002 if mode == "dc" else 0.001
    source = f"Yokogawa WT310 specification: 0.1 % of reading + {share:.1%} of range"
    return {"gain_error": 0.001, "offset_error_W": share * range_W, "accuracy_source": source}


def _range(input: str, largest: float, unit: str) -> List[str]:
    if not largest:
        return [f":INP:{input}:AUTO ON"]
    return [f":INP:{input}:AUTO OFF", f":INP:{input}:RANG {largest:g}{unit}"]
