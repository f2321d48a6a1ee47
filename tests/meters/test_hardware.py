"""What is attached is found by its USB ids and its nodes, and named as --meter would be told."""

from collections import namedtuple

from meters.hardware import attached
from tests.meters.imitated import extract, write

Port = namedtuple("Port", "device vid pid serial_number manufacturer product")


def found(*ports, root="/nowhere"):
    return {one.place: one for one in attached(str(root), ports)}


def test_nothing_is_attached_to_a_bare_machine():
    assert found(Port("/dev/ttyS0", None, None, None, None, None)) == {}


def test_serial_ports_by_their_usb_ids():
    shown = found(
        Port("/dev/ttyUSB0", 0x0403, 0x6001, "A1", "FTDI", "FT232R USB UART"),
        Port("/dev/ttyACM0", 0x2184, 0x0052, None, None, None),
        Port("/dev/ttyACM1", 0x1234, 0x0001, None, None, "Thing"),
    )
    assert shown["/dev/ttyUSB0"].what == (
        "FTDI FT232R USB UART, USB 0403:6001, serial number A1; a WattsUp has such an adapter, and so have others"
    )
    assert shown["/dev/ttyUSB0"].meter == "", "which meter hangs on an adapter only the user knows"
    assert shown["/dev/ttyACM0"].meter == "scpi:port=/dev/ttyACM0,variant=gwinstek"
    assert shown["/dev/ttyACM1"].what == "Thing, USB 1234:0001"


def test_instruments_cards_and_counters(tmp_path):
    for device in ("usbtmc0", "rfcomm0", "nvidia0", "nvidiactl"):
        write(tmp_path / "dev" / device, "")
    write(tmp_path / "sys/class/usbmisc/usbtmc0/device/x", "")
    write(tmp_path / "sys/class/usbmisc/usbtmc0/idVendor", "0b21")
    write(tmp_path / "sys/class/usbmisc/usbtmc0/idProduct", "0025")
    write(tmp_path / "sys/class/powercap/intel-rapl:0/energy_uj", 5)
    shown = found(root=tmp_path)
    assert {place: one.meter for place, one in shown.items()} == {
        "/dev/usbtmc0": "scpi:port=/dev/usbtmc0",
        "/dev/rfcomm0": "um:port=/dev/rfcomm0",
        "/dev/nvidia0": "nvml:index=0",
        "/sys/class/powercap": "rapl",
    }
    assert shown["/dev/usbtmc0"].what == "USBTMC instrument, USB 0b21:0025"


def test_the_sensor_of_a_board_by_its_rails(tmp_path):
    (one,) = attached(str(extract("TX2-R32-idle", tmp_path)), [])
    assert one.meter == "ina3221" and one.what.startswith("INA3221 with VDD_")
