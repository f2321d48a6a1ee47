"""What a machine tells of its state while it works: each number that can be read, and what a change of it means."""

from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

from harness.board.nodes import cpu_policies, gpus, l4t, number, pinned, text, zones
from meters.boards import BOARDS
from meters.errors import MeterError
from meters.ina_sysfs import find_rails
from meters.rails import device_tree, recognise

CLOCK, LIMIT, COOLING, COUNTER, TEMPERATURE, OTHER = "clock", "limit", "cooling", "counter", "temperature", "other"
EMC = "sys/kernel/debug/bpmp/debug/clk/emc"  # for root only
GPU_LOADS = ("sys/devices/gpu.0/load", "sys/devices/platform/gpu.0/load")
SLOW = 10  # seconds between two readings of what is slow to read


class Gauge(NamedTuple):
    """One number.  `name` ends with its unit; `scale` makes that unit of the integer in the file at `path`.

    A clock has the value `expected` of it whenever the gauge `busy` (a share, None: always) says that it is at work;
    without `expected` nobody knows what it should be.
    """

    name: str
    kind: str
    path: Path
    scale: float = 1.0
    expected: Optional[float] = None
    busy: Optional[str] = None
    cpus: str = ""  # of a clock: the CPUs that share it
    every_s: int = 1

    def described(self) -> Dict[str, Any]:
        """What a reader has to know of it."""
        facts = {"kind": self.kind, "expected": self.expected, "busy": self.busy}
        return {key: value for key, value in facts.items() if value is not None}


def gauges(root: Path) -> List[Gauge]:
    """Every gauge of the machine whose file tree is `root`; what it lacks is left out."""
    found = [*_cpus(root), *_gpus(root), *_memory(root), *_zones(root), *_cooling(root), *_fans(root)]
    return found + [*_counters(root), *_inputs(root)]


def _cpus(root: Path) -> Iterator[Gauge]:
    on_jetson = l4t(root) is not None
    for folder in cpu_policies(root):
        cpu = folder.parent.name
        limit, base = number(folder / "scaling_max_freq"), number(folder / "base_frequency")
        expected = limit if on_jetson else base  # elsewhere the limit is a turbo clock, which nothing promises
        yield Gauge(
            f"{cpu}_Hz",
            CLOCK,
            folder / "scaling_cur_freq",
            1e3,
            expected and expected * 1e3,
            f"{cpu}_busy" if expected else None,
            text(folder / "affected_cpus") or cpu[len("cpu") :],
        )
        yield Gauge(f"{cpu}_limit_Hz", LIMIT, folder / "scaling_max_freq", 1e3)


def _gpus(root: Path) -> Iterator[Gauge]:
    for folder in gpus(root):
        load = next((path for path in _loads(root, folder) if path.exists()), None)
        busy, limit = f"{folder.name}_busy", number(folder / "max_freq")
        expected = limit if limit and (load or pinned(root)) else None
        yield Gauge(f"{folder.name}_Hz", CLOCK, folder / "cur_freq", 1.0, expected, busy if load and expected else None)
        yield Gauge(f"{folder.name}_limit_Hz", LIMIT, folder / "max_freq")
        if load:
            yield Gauge(busy, OTHER, load, 1e-3)


def _loads(root: Path, folder: Path) -> List[Path]:
    """Where the load of a GPU may be told, in thousandths: beside its clock, or under its own name on a Jetson."""
    return [folder.resolve().parents[1] / "load"] + [root / path for path in GPU_LOADS]


def _memory(root: Path) -> Iterator[Gauge]:
    low, high = number(root / EMC / "min_rate"), number(root / EMC / "max_rate")
    if number(root / EMC / "rate") is not None:
        yield Gauge("memory_Hz", CLOCK, root / EMC / "rate", 1.0, high if low == high else None)


def _zones(root: Path) -> Iterator[Gauge]:
    for name, path in zones(root).items():
        yield Gauge(f"{name}_C", TEMPERATURE, path, 1e-3)


def _cooling(root: Path) -> Iterator[Gauge]:
    """Devices that cool by slowing something down; a fan is none of them."""
    for device in sorted((root / "sys/class/thermal").glob("cooling_device*")):
        kind = text(device / "type")
        if kind and "fan" not in kind.lower():
            own = device.name[len("cooling_device") :]
            yield Gauge(f"{kind.replace(' ', '-')}-{own}_level", COOLING, device / "cur_state")


def _fans(root: Path) -> Iterator[Gauge]:
    files = [(root / "sys/devices/pwm-fan/cur_pwm", "fan_pwm"), (root / "sys/devices/pwm-fan/rpm_measured", "fan_rpm")]
    for monitor in sorted((root / "sys/class/hwmon").glob("*")):
        files += [(monitor / "pwm1", f"{monitor.name}_pwm"), (monitor / "rpm", f"{monitor.name}_rpm")]
        files += [(monitor / "fan1_input", f"{monitor.name}_rpm")]
    for path, name in files:
        if number(path) is not None:
            yield Gauge(name, OTHER, path)


def _counters(root: Path) -> Iterator[Gauge]:
    for monitor in sorted((root / "sys/class/hwmon").glob("*")):
        if text(monitor / "name") == "soctherm_oc":
            for path in sorted(monitor.glob("oc*_event_cnt")):
                yield Gauge(f"{path.name[: -len('_event_cnt')]}_events", COUNTER, path)
    for path in sorted((root / "sys/devices/system/cpu").glob("cpu[0-9]*/thermal_throttle/*_throttle_count")):
        cpu, what = path.parents[1].name, path.name[: -len("_throttle_count")]
        yield Gauge(f"{cpu}_{what}_throttle_events", COUNTER, path)


def _inputs(root: Path) -> Iterator[Gauge]:
    """The voltage of the rails through which the whole board is fed: a supply that sags is seen there.

    The hwmon driver keeps who reads waiting for the chip's next conversion, so there it is asked seldom.
    """
    try:
        rails = find_rails(root)
        board = recognise(device_tree(root), {rail.label for rail in rails}) if rails else None
    except MeterError:
        return  # for root only
    for rail in rails:
        if board in BOARDS and rail.label in board.total:
            yield Gauge(f"{rail.label}_V", OTHER, rail.voltage, 1e-3, every_s=1 if rail.power else SLOW)
