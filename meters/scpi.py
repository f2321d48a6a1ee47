"""Power analysers that speak SCPI: Yokogawa WT310 to WT500, GW Instek GPM-8213 and 8310, HIOKI PW3335."""

import contextlib
from typing import Dict, Iterable, Sequence, TypeVar

from meters.base import BOUNDARIES, Channel, Row
from meters.errors import MeterError
from meters.links import Link, connect
from meters.queried import Queried
from meters.scpi_decode import Reading, decode_list, decode_named
from meters.scpi_dialects import DIALECTS, accuracy, settings

MODES = ("dc", "rms", "vmean")
UPDATES_S = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
CHANNEL = "in"
OF_THE_METER = ("energy_Wh", "integration_s")

Choice = TypeVar("Choice", str, float)


def decode(frame: bytes, variant: str = "yokogawa", items: Sequence[str] = ()) -> Reading:
    """Quantities by name, None where the instrument has no number.

    `items`: what was asked for, in order; left out it is what the driver asks for, and for hioki whatever it names.
    """
    if variant not in DIALECTS:
        raise MeterError(f"scpi: variant {variant!r} is unknown; there are: {', '.join(DIALECTS)}")
    if variant == "hioki":
        return decode_named(frame, items)
    return decode_list(frame, items or DIALECTS[variant].items)


class Meter(Queried):
    """`port`: /dev/ttyUSB0, tcp:HOST:PORT or /dev/usbtmc0.

    Yokogawa only: `mode` dc, rms or vmean; `update_s`; `range_V` and `range_A`, which a ranging run without them
    tells and which belong fixed in a measurement.  `boundary`: where it is wired in, by default dc_input in mode dc
    and ac_wall otherwise.
    """

    timeout_s = 2.0
    in_step = True

    def __init__(
        self,
        port: str,
        variant: str = "yokogawa",
        baud: int = 9600,
        mode: str = "dc",
        update_s: float = 0.0,
        range_V: float = 0.0,
        range_A: float = 0.0,
        boundary: str = "",
    ) -> None:
        self.port, self.baud, self._variant = port, baud, variant
        self._dialect = DIALECTS[_one_of(DIALECTS, "variant", variant)]
        self.period_s = update_s or self._dialect.period_s
        self._settings = settings(_one_of(MODES, "mode", mode), self.period_s, range_V, range_A)
        self._ranges = f"{range_V:g} V, {range_A:g} A" if range_V and range_A else "not fixed"
        if not self._dialect.adjustable and (update_s or range_V or range_A):
            raise MeterError(f"scpi: update_s and ranges of a {variant} analyser are set at the instrument itself")
        if _one_of(UPDATES_S, "update_s", self.period_s) and min(range_V, range_A) < 0:
            raise MeterError("scpi: range_V and range_A are the largest volts and amperes, as in range_V=30,range_A=1")
        self.request = self._command(self._dialect.ask)
        where = _one_of(BOUNDARIES, "boundary", boundary or ("dc_input" if mode == "dc" else "ac_wall"))
        self.channels = (Channel(CHANNEL, where, "mean_over_period", **accuracy(variant, mode, range_V * range_A)),)
        self.total = (CHANNEL,)
        self.columns = tuple(name if name in OF_THE_METER else f"{CHANNEL}_{name}" for name in self._dialect.quantities)
        self._maker = ""

    def connect(self) -> Link:
        return connect(self.port, self.baud)

    def start(self) -> None:
        """Nothing old left, the right instrument, its settings accepted, its own integration running."""
        self._tell("*CLS", "*CLS")  # the first may fall victim to a reply that nobody read
        self._maker = self._reply("*IDN?")
        if not self._maker.upper().startswith(self._dialect.maker.upper()):
            heard = repr(self._maker) if self._maker else "nothing"
            raise MeterError(
                f"{self.port} answers {heard} to *IDN?, which is no {self._variant} analyser: is it another port, "
                f"another baud rate, or another variant ({', '.join(DIALECTS)})?"
            )
        self._tell(*(self._settings if self._dialect.adjustable else ()), *self._dialect.choose_items())
        self._tell(*self._dialect.integrate)
        refused = self._reply(self._dialect.error) if self._dialect.error else "0"
        if not refused.startswith("0"):
            raise MeterError(f"the analyser at {self.port} refuses a setting: {refused}")

    def close(self) -> None:
        if self._serial is not None:
            with contextlib.suppress(MeterError):  # it may be what has gone
                self._tell(*self._dialect.farewell)
        super().close()

    def ask(self, request: bytes, reply_length: int = 0) -> bytes:
        """The line that the instrument answers with."""
        if self._serial is None:
            raise MeterError(f"{self.port} is not open")
        self._serial.drain()
        self._serial.write(request)
        self._asked_ns = self.now_ns()
        return self._serial.read_line(self.timeout_s)

    def decode(self, reply: bytes) -> Reading:
        return decode(reply, self._variant, self._dialect.items)

    def row(self, reading: Reading) -> Row:
        return tuple(reading[quantity] for quantity in self._dialect.quantities)

    def identity(self) -> Dict[str, object]:
        settings = self._settings if self._dialect.adjustable else []
        return {**super().identity(), "instrument": self._maker, "settings": settings, "ranges": self._ranges}

    def _command(self, text: str) -> bytes:
        return text.encode("ascii") + self._dialect.end

    def _tell(self, *commands: str) -> None:
        for command in commands:
            self._serial.write(self._command(command))

    def _reply(self, command: str) -> str:
        return self.ask(self._command(command)).decode("ascii", "replace").strip()


def _one_of(known: Iterable[Choice], name: str, value: Choice) -> Choice:
    if value not in known:
        raise MeterError(f"scpi: {name}={value} is unknown; there are: {', '.join(map(str, known))}")
    return value
