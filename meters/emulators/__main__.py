"""`python -m meters.emulators KIND --profile P`: prints the port as a JSON line, runs until its stdin ends."""

import argparse
import importlib
import inspect
import pkgutil
import signal
import sys
from typing import Any, Callable, Dict, List, Optional, Type

import meters.emulators
from meters.clock import monotonic_ns
from meters.emulators.base import Emulator, Runner
from meters.emulators.faults import KINDS, Faults, parse_fault
from meters.emulators.mistaken import Mistake, MistakenTruth
from meters.emulators.profiles import Profile, profile
from meters.emulators.truth import Log, Truth
from meters.emulators.wire import Line
from meters.errors import MeterError

_NOT_A_METER = {"__main__", "base", "faults", "mistaken", "profiles", "truth", "wire"}


def emulated() -> List[str]:
    """The kinds of meter that can be emulated."""
    modules = pkgutil.iter_modules(meters.emulators.__path__)
    return sorted(module.name for module in modules if module.name not in _NOT_A_METER)


def expected(kind: str, options: Dict[str, Any]) -> str:
    """The variant that a meter with these options expects, "" where it is the only one or the one by default."""
    return str(options.get(_emulator(kind).variant_option, ""))


def main(arguments: Optional[List[str]] = None) -> int:
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        _run(options)
    except MeterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        where = error.filename2 or error.filename or "the log of the emulator"
        print(f"error: {where} can't be written: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _run(options: argparse.Namespace) -> None:
    emulator = _made(options.kind, options.variant)
    emulator.baud = options.baud or emulator.baud
    emulator.interval_s = options.interval / 1000 if options.interval else emulator.interval_s
    watts = profile(options.profile)
    faults = Faults([parse_fault(text) for text in options.fault])
    log = Log(options.log)
    line = Line(emulator.baud, options.link)
    now_ns = monotonic_ns()
    try:
        line.plug()
        Runner(emulator, _truth(options, watts, emulator.most_W, now_ns), line, log, faults, now_ns).run(
            sys.stdin.fileno()
        )
    finally:
        line.unplug()
        log.close()


def _truth(options: argparse.Namespace, watts: Profile, most_W: float, now_ns: int) -> Truth:
    origin_ns = now_ns if options.since is None else int(options.since * 1e9)
    mistake = Mistake(options.gain, options.offset, options.lag / 1000)
    if mistake == Mistake():
        return Truth(watts, most_W, now_ns, origin_ns)
    return MistakenTruth(watts, most_W, now_ns, origin_ns, mistake)


def _made(kind: str, variant: str) -> Emulator:
    make: Callable[..., Emulator] = _emulator(kind)
    if not variant:
        return make()
    if "variant" not in inspect.signature(make).parameters:
        raise MeterError(f"the emulator of {kind} has no variants, so --variant {variant} means nothing to it")
    return make(variant=variant)


def _emulator(kind: str) -> Type[Emulator]:
    if kind not in emulated():
        raise MeterError(f"no emulator of {kind!r}; there are: {', '.join(emulated())}")
    return importlib.import_module("meters.emulators." + kind).Emulator


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="harness meters emulate", description=__doc__)
    parser.add_argument("kind", help="smartpower3, ...")
    parser.add_argument("--profile", default="cpu", help="const:W, sine, steps, cpu, file:PATH (default: cpu)")
    parser.add_argument("--variant", default="", help="of a kind that has some, as scpi has yokogawa, gwinstek, hioki")
    parser.add_argument("--log", metavar="FILE", help="append each frame sent, with the true joules, as JSON lines")
    parser.add_argument("--baud", type=int, help="of the line, in bits per second (default: the meter's own)")
    parser.add_argument("--interval", type=float, metavar="MS", help="between samples (default: the meter's own)")
    parser.add_argument(
        "--since",
        type=float,
        metavar="S",
        help="seconds of CLOCK_MONOTONIC at which the profile began, for emulators that share one (default: now)",
    )
    parser.add_argument("--gain", type=float, default=1.0, help="of what is shown; the log stays true (default: 1)")
    parser.add_argument("--offset", type=float, default=0.0, metavar="W", help="of what is shown (default: 0)")
    parser.add_argument("--lag", type=float, default=0.0, metavar="MS", help="of what is shown (default: 0)")
    parser.add_argument("--link", metavar="PATH", help="a symbolic link to the port, kept when it is plugged in anew")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND@S[+S]",
        help=f"misbehave S seconds after the port is first opened: {', '.join(KINDS)}",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
