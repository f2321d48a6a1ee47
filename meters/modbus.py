"""The two things of Modbus RTU that a meter needs: the check at the end of a frame, and a request for registers."""

from meters.errors import MeterError

READ_HOLDING, READ_INPUT = 0x03, 0x04


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS: polynomial 0xA001 (reflected), start 0xFFFF."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def with_crc(data: bytes) -> bytes:
    """The frame: data and its check, low byte first."""
    return data + crc16(data).to_bytes(2, "little")


def read_request(address: int, function: int, first: int, count: int) -> bytes:
    """Asks a slave for `count` registers from `first` on."""
    return with_crc(bytes([address, function]) + first.to_bytes(2, "big") + count.to_bytes(2, "big"))


def check_reply(frame: bytes, function: int) -> bytes:
    """The registers of a reply to `read_request`; MeterError when it is damaged or reports an error."""
    if len(frame) < 5 or with_crc(frame[:-2]) != frame:
        raise MeterError(f"Modbus reply with a wrong check: {bytes(frame).hex() or 'nothing'}")
    if frame[1] == function | 0x80:
        raise MeterError(f"the device at Modbus address {frame[0]} refuses the request with error code {frame[2]}")
    if frame[1] != function or frame[2] != len(frame) - 5:
        raise MeterError(f"no whole Modbus reply: {bytes(frame).hex()}")
    return frame[3:-2]
