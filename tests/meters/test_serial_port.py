"""Serial ports: exclusive, pseudo-terminals recognised however they were opened, failures as sentences."""

import os
import tty

import pytest

from meters.errors import MeterError
from meters.serial_port import SerialPort


@pytest.fixture
def line():
    """Both ends of a raw pseudo-terminal: the device's descriptor, and the path of the port."""
    device, port = os.openpty()
    tty.setraw(device)
    tty.setraw(port)
    yield device, os.ttyname(port)
    for end in (device, port):
        try:
            os.close(end)
        except OSError:
            pass


def test_bytes_go_both_ways(line):
    device, path = line
    port = SerialPort(path, 115200)
    os.write(device, b"abc")
    assert port.read_exactly(3, 1.0) == b"abc"
    assert port.read_waiting() == b""
    port.write(b"#V,R,0;")
    assert os.read(device, 100) == b"#V,R,0;"
    port.close()


def test_a_reply_that_does_not_come_is_cut_short(line):
    device, path = line
    port = SerialPort(path, 115200)
    os.write(device, b"ab")
    assert port.read_exactly(3, 0.05) == b"ab"
    port.close()


def test_what_was_sent_before_is_not_read(line):
    device, path = line
    os.write(device, b"old")
    port = SerialPort(path, 115200)
    assert port.read_waiting() == b""
    port.close()


def test_a_pseudo_terminal_is_simulated_also_behind_a_link(line, tmp_path):
    link = tmp_path / "ttyUSB0"
    link.symlink_to(line[1])
    port = SerialPort(str(link), 9600)
    assert port.simulated
    assert port.identity() == {"port": str(link), "device": line[1], "baud": 9600}
    port.close()


def test_a_port_in_use_is_refused(line):
    first = SerialPort(line[1], 115200)
    with pytest.raises(MeterError, match="{0} is in use by another program; `fuser -v {0}` shows".format(line[1])):
        SerialPort(line[1], 115200)
    first.close()
    SerialPort(line[1], 115200).close()


def test_a_port_that_is_not_there_is_named():
    with pytest.raises(MeterError, match="there is no port /dev/ttyUSB77; ports here: "):
        SerialPort("/dev/ttyUSB77", 115200)


def test_a_file_a_folder_and_another_device_are_no_port(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    for name in (str(path), str(tmp_path), "/dev/null"):
        with pytest.raises(MeterError, match=f"{name} is no serial port; ports here: "):
            SerialPort(name, 115200)


def test_a_missing_permission_comes_with_the_command_that_grants_it(line):
    os.chmod(line[1], 0)
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(MeterError, match=r"no permission to open .*: add yourself .* `sudo usermod -aG"):
            SerialPort(line[1], 115200)
    finally:
        os.seteuid(was)


def test_an_unplugged_port_is_gone_for_reading_and_writing(line):
    device, path = line
    port = SerialPort(path, 115200)
    os.close(device)
    with pytest.raises(MeterError, match=path + " is gone: .*was it unplugged"):
        port.read_waiting()
    with pytest.raises(MeterError, match=path + " takes no data: .*was it unplugged"):
        port.write(b"x")
    port.close()
