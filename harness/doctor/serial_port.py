"""May this user open a serial meter, and does ModemManager leave it alone?"""

from pathlib import Path

from harness.doctor import Finding, Said, doubt, fine, spoils

COMMANDS = {"user": ("id", "-un"), "groups": ("id", "-nG"), "modem_manager": ("systemctl", "is-active", "ModemManager")}
GROUPS = {"dialout", "uucp"}  # uucp: where a distribution calls it so


def check(root: Path, said: Said) -> Finding:
    ports = sorted(path.name for kind in ("ttyUSB*", "ttyACM*") for path in (root / "dev").glob(kind))
    if not ports:
        return fine("no USB serial port is there")
    evidence = "serial ports: " + ", ".join(ports)
    if said["user"] != "root" and not GROUPS & set((said["groups"] or "").split()):
        mend = "sudo usermod -aG dialout $USER, then log out and in again"
        return spoils(evidence + "; this user is not in the group dialout", mend)
    if said["modem_manager"] == "active":
        mend = "sudo systemctl stop ModemManager (for good: the device rules of jetson_setup.sh)"
        return doubt(evidence + "; ModemManager is running and may talk to a meter", mend)
    return fine(evidence)
