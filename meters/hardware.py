"""What is attached to this machine that a meter can be read from: serial ports, instruments, sensors, cards."""

import os
from pathlib import Path
from typing import Any, Iterable, Iterator, List, NamedTuple, Optional

from meters.errors import MeterError
from meters.ina_sysfs import find_rails

# By USB vendor: what to tell --meter, and what else there is to say.  An adapter chip does not tell what hangs on it.
KNOWN = {
    0x0B21: ("scpi:port={}", ""),
    0x2184: ("scpi:port={},variant=gwinstek", ""),
    0x0403: ("", "; a WattsUp has such an adapter, and so have others"),
    0x10C4: ("", "; a SmartPower3 has such an adapter, and so have others"),
}


class Attached(NamedTuple):
    """`meter`: what --meter could be told; empty where only the user knows which meter it is."""

    place: str
    what: str
    meter: str = ""


def attached(root: str = "/", ports: Optional[Iterable[Any]] = None) -> List[Attached]:
    """`ports`: as pyserial lists them, by default those of this machine."""
    found = _ports() if ports is None else ports
    folder = Path(root)
    return [*_serial(found), *_usbtmc(folder), *_bluetooth(folder), *_board(folder), *_rapl(folder), *_nvidia(folder)]


def _ports() -> Iterable[Any]:
    from serial.tools import list_ports

    return sorted(list_ports.comports(), key=lambda port: port.device)


def _serial(ports: Iterable[Any]) -> Iterator[Attached]:
    """USB adapters and devices; a port of the machine itself tells nothing of what hangs on it."""
    for port in ports:
        if port.vid is None:
            continue
        name = " ".join(filter(None, [port.manufacturer, port.product])) or "USB serial port"
        number = f", serial number {port.serial_number}" if port.serial_number else ""
        meter, hint = KNOWN.get(port.vid, ("", ""))
        what = f"{name}, USB {port.vid:04x}:{port.pid:04x}{number}{hint}"
        yield Attached(port.device, what, meter.format(port.device))


def _usbtmc(root: Path) -> Iterator[Attached]:
    for device in sorted(root.glob("dev/usbtmc*")):
        ids = [_text(root / f"sys/class/usbmisc/{device.name}/device/../{name}") for name in ("idVendor", "idProduct")]
        usb = f", USB {':'.join(ids)}" if all(ids) else ""
        yield Attached(f"/dev/{device.name}", f"USBTMC instrument{usb}", f"scpi:port=/dev/{device.name}")


def _bluetooth(root: Path) -> Iterator[Attached]:
    for device in sorted(root.glob("dev/rfcomm*")):
        yield Attached(f"/dev/{device.name}", "Bluetooth serial port", f"um:port=/dev/{device.name}")


def _board(root: Path) -> Iterator[Attached]:
    """The power sensor of a Jetson, or why it cannot be read."""
    place = "/sys/bus/i2c/devices"
    try:
        labels = [rail.label for rail in find_rails(root)]
    except MeterError as error:
        yield Attached(place, f"INA3221: {error}", "ina3221")
        return
    if labels:
        yield Attached(place, f"INA3221 with {', '.join(labels)}", "ina3221")


def _rapl(root: Path) -> Iterator[Attached]:
    zones = sorted(root.glob("sys/class/powercap/*-rapl:*/energy_uj"))
    if zones:
        closed = "" if os.access(str(zones[0]), os.R_OK) else ", which only root may read"
        yield Attached("/sys/class/powercap", f"energy counters of the processors{closed}", "rapl")


def _nvidia(root: Path) -> Iterator[Attached]:
    for device in sorted(root.glob("dev/nvidia[0-9]*")):
        number = device.name[len("nvidia") :]
        yield Attached(f"/dev/{device.name}", "NVIDIA graphics card", f"nvml:index={number}")


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
