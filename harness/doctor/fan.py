"""A fan that follows the temperature changes the board's temperature and, at the wall, its power."""

from pathlib import Path

from harness.board.nodes import l4t, text
from harness.doctor import Finding, Said, doubt, fine

COMMANDS = {"nvfancontrol": ("systemctl", "is-active", "nvfancontrol")}
R32_FAN = "sys/devices/pwm-fan"


def check(root: Path, said: Said) -> Finding:
    if not l4t(root):
        return fine("no fan that is controlled from here")
    if text(root / R32_FAN / "temp_control") == "1":
        return doubt(
            f"the fan follows the temperature (pwm {text(root / R32_FAN / 'cur_pwm')} of 255 now)",
            f"sudo sh -c 'echo 0 > /{R32_FAN}/temp_control; echo 255 > /{R32_FAN}/target_pwm'",
        )
    if said["nvfancontrol"] == "active":
        speeds = [path for path in (root / "sys/class/hwmon").glob("*/pwm1") if text(path)]
        at = f" (pwm {text(speeds[0])} of 255 now)" if speeds else ""
        node = f" && echo 255 | sudo tee /{speeds[0].relative_to(root)}" if speeds else ""
        return doubt("nvfancontrol turns the fan with the temperature" + at, "sudo systemctl stop nvfancontrol" + node)
    return fine("no fan control is at work")
