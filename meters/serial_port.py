"""Serial ports: opened for one program alone, told apart from pseudo-terminals, every failure a sentence."""

import errno
import glob
import os
import termios
import time
from typing import Dict, Optional

from meters.errors import MeterError

_PTY_MAJORS = range(136, 144)  # Linux devices.txt: Unix98 pseudo-terminal slaves


def is_pseudo_terminal(fd: int) -> bool:
    """Judged by what was opened, so that neither a link nor a bind mount hides it."""
    return os.major(os.fstat(fd).st_rdev) in _PTY_MAJORS


class SerialPort:
    """A raw 8N1 line, or 8N2, that nobody else can open while it is ours."""

    def __init__(self, path: str, baud: int, stop_bits: int = 1) -> None:
        import serial

        self.path = path
        self.baud = baud
        try:
            self._port = serial.Serial(path, baud, stopbits=stop_bits, timeout=0, exclusive=True)
            self._port.reset_input_buffer()
        except (OSError, ValueError) as error:
            raise MeterError(_why(path, baud, error)) from error
        self.simulated = is_pseudo_terminal(self._port.fileno())

    def read_waiting(self) -> bytes:
        """What has arrived, without waiting; raises MeterError when the device is gone."""
        try:
            return self._port.read(self._port.in_waiting)
        except OSError as error:
            raise MeterError(f"{self.path} is gone: {_reason(error)}; was it unplugged?") from error

    def read_exactly(self, n: int, timeout_s: float) -> bytes:
        """n bytes, or fewer when they do not come in time."""
        deadline = time.monotonic() + timeout_s
        data = b""
        while len(data) < n and time.monotonic() < deadline:
            data += self.read_waiting()
            if len(data) < n:
                time.sleep(0.001)
        return data[:n]

    def write(self, data: bytes) -> None:
        """Raises MeterError when the device is gone."""
        try:
            self._port.write(data)
        except OSError as error:
            raise MeterError(f"{self.path} takes no data: {_reason(error)}; was it unplugged?") from error

    def close(self) -> None:
        self._port.close()

    def identity(self) -> Dict[str, object]:
        """Where the port leads: device file, and USB ids where it is a USB adapter."""
        device = os.path.realpath(self.path)
        return {"port": self.path, "device": device, "baud": self.baud, **_usb_ids(device)}


def _usb_ids(device: str) -> Dict[str, object]:
    """The adapter's USB ids and serial number from the nearest parent in /sys that has them."""
    folder = os.path.realpath(os.path.join("/sys/class/tty", os.path.basename(device), "device"))
    while len(folder) > len("/sys"):
        if os.path.exists(os.path.join(folder, "idVendor")):
            return {"usb_" + name: _line(folder, name) for name in ("idVendor", "idProduct", "serial")}
        folder = os.path.dirname(folder)
    return {}


def _line(folder: str, name: str) -> str:
    try:
        with open(os.path.join(folder, name)) as file:
            return file.read().strip()
    except OSError:
        return ""


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)


def _why(path: str, baud: int, error: Exception) -> str:
    number = getattr(error, "errno", None) or _number_behind(error)
    if not os.path.exists(path):
        return f"there is no port {path}; ports here: {_ports()}"
    if number == errno.EACCES:
        return (
            f"no permission to open {path}: add yourself to its group with "
            f"`sudo usermod -aG $(stat -c %G {path}) $USER` and log in again"
        )
    if number in (errno.EAGAIN, errno.EBUSY):
        return f"{path} is in use by another program; `fuser -v {path}` shows which"
    if isinstance(error, ValueError):
        return f"{path} does not do {baud} baud: {error}"
    if number in (errno.ENOTTY, errno.EISDIR):
        return f"{path} is no serial port; ports here: {_ports()}"
    return f"{path} cannot be opened as a serial port: {error}"


def _number_behind(error: Exception) -> Optional[int]:
    """pyserial keeps the number of a failed setting only in the termios.error that it answers."""
    return error.__context__.args[0] if isinstance(error.__context__, termios.error) else None


def _ports() -> str:
    ports = sorted(glob.glob("/dev/ttyUSB*") + glob.glob("/dev/ttyACM*"))
    return ", ".join(ports) or "none, is the cable plugged in?"
