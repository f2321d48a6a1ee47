"""Lines of text to and from an instrument: a serial port, a TCP socket (`tcp:HOST:PORT`) or a USBTMC file."""

import errno
import fcntl
import os
import select
import socket
import time
from typing import Dict

from meters.errors import MeterError
from meters.serial_port import SerialPort

_USBTMC_CLEAR = 0x5B02  # ioctl of the Linux driver: forget what was asked and not read
_PIECE = 4096
_CONNECT_S = 5.0


class Link:
    """Bytes both ways.  `simulated`: the other end is on this machine, so it is no instrument."""

    simulated = False

    def write(self, data: bytes) -> None:
        """Raises MeterError when the instrument is gone."""
        raise NotImplementedError

    def read_some(self, timeout_s: float) -> bytes:
        """What has arrived, waiting for the first byte at most so long."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def identity(self) -> Dict[str, object]:
        return {}

    def drain(self) -> None:
        """Drop what an earlier session left unread: it would be taken for the next reply."""
        while self.read_some(0.0):
            pass

    def read_line(self, timeout_s: float) -> bytes:
        """Up to and with the line end, or as much as comes in time."""
        deadline, line = time.monotonic() + timeout_s, b""
        while not line.endswith(b"\n") and time.monotonic() < deadline:
            line += self.read_some(deadline - time.monotonic())
        return line


def connect(port: str, baud: int) -> Link:
    """The link that the port's name asks for."""
    if port.startswith("tcp:"):
        return TcpLink(port)
    return UsbtmcLink(port) if port.startswith("/dev/usbtmc") else SerialLink(port, baud)


class SerialLink(Link):
    def __init__(self, path: str, baud: int) -> None:
        self._port = SerialPort(path, baud)
        self.simulated = self._port.simulated

    def write(self, data: bytes) -> None:
        self._port.write(data)

    def read_some(self, timeout_s: float) -> bytes:
        deadline = time.monotonic() + timeout_s
        data = self._port.read_waiting()
        while not data and time.monotonic() < deadline:
            time.sleep(0.001)
            data = self._port.read_waiting()
        return data

    def close(self) -> None:
        self._port.close()

    def identity(self) -> Dict[str, object]:
        return self._port.identity()


class TcpLink(Link):
    def __init__(self, port: str) -> None:
        self._name = port
        host, _, number = port[len("tcp:") :].rpartition(":")
        if not host or not number.isdigit():
            raise MeterError(f"port {port} is not tcp:HOST:PORT, as in tcp:192.168.0.7:5025")
        try:
            self._socket = socket.create_connection((host, int(number)), _CONNECT_S)
        except (OSError, OverflowError) as error:
            raise MeterError(f"nothing answers at {port}: {error}; are address, port and cable right?") from error
        self.simulated = self._socket.getpeername()[0] in ("127.0.0.1", "::1")

    def write(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise MeterError(f"{self._name} is gone: {error}") from error

    def read_some(self, timeout_s: float) -> bytes:
        if not select.select([self._socket], [], [], max(0.0, timeout_s))[0]:
            return b""
        try:
            data = self._socket.recv(_PIECE)
        except OSError as error:
            raise MeterError(f"{self._name} is gone: {error}") from error
        if not data:
            raise MeterError(f"{self._name} has closed the connection")
        return data

    def close(self) -> None:
        self._socket.close()

    def identity(self) -> Dict[str, object]:
        return {"port": self._name}


class UsbtmcLink(Link):
    """The Linux driver gives a reply only to a read that waits for it, so `read_some` takes the driver's own time."""

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            why = "no permission" if error.errno == errno.EACCES else error.strerror
            raise MeterError(
                f"{path} cannot be opened: {why}; a USBTMC instrument needs the kernel module usbtmc, and a udev rule "
                'that opens it to you, as in KERNEL=="usbtmc*", GROUP="dialout", MODE="0660"'
            ) from error

    def drain(self) -> None:
        try:
            fcntl.ioctl(self._file, _USBTMC_CLEAR)
        except OSError as error:
            raise MeterError(f"{self._path} is no USBTMC instrument, or is gone: {error.strerror}") from error

    def write(self, data: bytes) -> None:
        try:
            os.write(self._file, data)
        except OSError as error:
            raise MeterError(f"{self._path} is gone: {error.strerror}") from error

    def read_some(self, timeout_s: float) -> bytes:
        try:
            return os.read(self._file, _PIECE)
        except OSError as error:
            if error.errno == errno.ETIMEDOUT:
                return b""
            raise MeterError(f"{self._path} is gone: {error.strerror}") from error

    def close(self) -> None:
        os.close(self._file)

    def identity(self) -> Dict[str, object]:
        return {"port": self._path}
