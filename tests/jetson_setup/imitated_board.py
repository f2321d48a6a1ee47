"""An imitated board for jetson_setup.sh, with every command that it calls replaced by one that records the call."""

import shutil
import subprocess
from pathlib import Path

from tests.meters.imitated import extract

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "jetson_setup.sh"
COMMANDS = (
    "sudo id getent usermod groupadd groupdel gpasswd dpkg-query apt-get apt-mark wget git tar python3 pip3 udevadm "
    "systemctl ldconfig visudo nvpmodel jetson_clocks"
).split()
CHANGING = ("apt-get", "usermod", "groupadd", "wget", "git", "tar", "udevadm", "systemctl", "ldconfig", "pip3")


class World:
    """An imitated board as root file system, and what the stub commands keep."""

    def __init__(self, folder, tree, python_tag):
        self.folder, self.root, self.venv = folder, extract(tree, folder), folder / "venv"
        (folder / "bin").mkdir()
        for command in COMMANDS:
            shutil.copy(str(ROOT / "tests/setup/stub"), str(folder / "bin" / command))
        self.write("memberships", "ann\n")
        self.write("groups", "dialout\ni2c\nvideo\n")
        self.write("python-tag", python_tag)
        self.write("l4t-core", "")

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def setup(self, *options, **environment):
        """Run the script; returns (exit status, stdout, stderr) and leaves the calls of this run in `calls`."""
        self.write("calls", "")
        environment = {
            "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin",
            "HOME": str(self.folder / "home"),
            "ROOT": str(self.root),
            "VENV": str(self.venv),
            "WORLD": str(self.folder),
            **environment,
        }
        done = subprocess.run(["bash", str(SCRIPT), *options], env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    @property
    def calls(self):
        """What was called in the last run, in order; what sudo was given is there as a call of its own."""
        return [call for call in (self.folder / "calls").read_text().splitlines() if not call.startswith("sudo ")]

    @property
    def as_root(self):
        calls = (self.folder / "calls").read_text().splitlines()
        return [call[len("sudo ") :] for call in calls if call.startswith("sudo ")]

    def changes(self):
        """The calls of the last run that change the system or the environment."""
        return [call for call in self.calls if call.split()[0] in CHANGING or " -m " in call]

    def files(self):
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in self.root.rglob("*")
            if path.is_file() and not path.is_symlink()
        }


def position(calls, *words):
    """Index of the only call that contains all words."""
    found = [i for i, call in enumerate(calls) if all(word in call for word in words)]
    assert len(found) == 1, (words, calls)
    return found[0]
