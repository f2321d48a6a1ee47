"""The lock keeps a second run out, and a crash does not leave it behind."""

import os
import signal
import subprocess
import sys

import pytest

from harness import lock
from harness.errors import UserError

HOLD = """
import sys, time
from pathlib import Path
from harness import lock
with lock.exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_is_refused_and_told_who_holds_the_lock(tmp_path):
    path = tmp_path / "board" / ".lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE)
    holder.stdout.readline()
    with pytest.raises(UserError, match="process {}".format(holder.pid)), lock.exclusive(path, patience_s=0.2):
        pass
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    with lock.exclusive(path, patience_s=2):
        pass


def test_a_child_of_the_killed_holder_still_holds_it(tmp_path):
    path = tmp_path / ".lock"
    with lock.exclusive(path) as descriptor:
        child = subprocess.Popen(["sleep", "60"], pass_fds=(descriptor,))
    with pytest.raises(UserError, match="another run"), lock.exclusive(path, patience_s=0.2):
        pass
    child.kill()
    child.wait()
    with lock.exclusive(path, patience_s=2):
        pass
