"""The recorder as its parent runs it: a child that is told and answers in JSON lines."""

import json
import select
import subprocess
import sys
import time
from pathlib import Path

from meters.clock import monotonic_ns
from meters.spec import MeterSpec

ROOT = Path(__file__).resolve().parents[2]


class RecorderProcess:
    """`messages`: all that it has said so far."""

    def __init__(self, folder, *specs, **request):
        self.folder, self.messages = folder, []
        self.child = subprocess.Popen(
            [sys.executable, "-m", "harness.recorder"],
            cwd=str(ROOT),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            preexec_fn=request.pop("preexec_fn", None),
        )
        parsed = [MeterSpec.parse(spec) for spec in specs]
        meters = [{"name": one.name, "kind": one.kind, "options": one.options} for one in parsed]
        self.send(directory=str(folder), attempt=1, meters=meters, **request)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()

    def send(self, **message):
        self.child.stdin.write(json.dumps(message).encode() + b"\n")

    def until(self, key, timeout_s=20.0):
        """The next message with this key; None when the recorder ends without one."""
        deadline = time.monotonic() + timeout_s
        while True:
            readable = select.select([self.child.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]
            assert readable, "no {!r} in {} s; so far: {}".format(key, timeout_s, self.messages)
            line = self.child.stdout.readline()
            if not line:
                return None
            self.messages.append(json.loads(line.decode()))
            if key in self.messages[-1]:
                return self.messages[-1][key]

    def sync(self):
        """Ask for all up to now to be on disk, and wait for it; the time asked about."""
        now_ns = monotonic_ns()
        self.send(sync=now_ns)
        assert self.until("synced") == now_ns
        return now_ns

    def stop(self):
        """Statistics of the end."""
        self.send(stop=True)
        closed = self.until("closed")
        assert self.child.wait(20) == 0
        return closed

    def failure(self):
        """The sentence with which it ends."""
        error = self.until("error")
        assert self.child.wait(20) == 1
        return error

    def trace(self, name, attempt=1):
        return self.folder / "{}.{}.arrow".format(name, attempt)

    def said(self, key):
        return [message[key] for message in self.messages if key in message]
