"""What a staircase makes the machine do: nothing, some of its processors, all of them, its graphics processor."""

import os
import threading
from contextlib import ExitStack, contextmanager
from queue import Queue
from typing import Iterator, List, NamedTuple, Optional

from harness.burning import burn
from harness.child import Child

GPU_FILES = ("/dev/nvidia0", "/dev/nvhost-gpu", "/dev/nvgpu/igpu0")  # a card, a Jetson up to L4T R34, one from R35 on


class Step(NamedTuple):
    """One level of the staircase."""

    name: str
    cpus: int = 0
    gpu: bool = False


def steps(cpus: int, gpu: bool) -> List[Step]:
    """Idle, half of the processors, all of them; the graphics processor where there is one, alone and with them."""
    found = [Step("idle")]
    if cpus > 1:
        found.append(Step("cpu half", cpus // 2))
    found.append(Step("cpu full", cpus))
    return found + ([Step("gpu", gpu=True), Step("gpu and cpu", cpus, True)] if gpu else [])


class Machine:
    """Loads this machine; the child that drives the graphics processor lives from entering to leaving."""

    def __init__(self) -> None:
        self._children = ExitStack()
        self._gpu: Optional[Child] = None
        self.cpus = len(os.sched_getaffinity(0))
        self.gpu = ""  # its name; empty where there is none that can be used

    def __enter__(self) -> "Machine":
        if any(os.path.exists(path) for path in GPU_FILES):
            answers: Queue = Queue()
            self._gpu = self._children.enter_context(Child("harness.crosscheck.gpu", inbox=answers))
            _, message = answers.get()
            self.gpu = (message or {}).get("gpu", "")
        return self

    def __exit__(self, *unused: object) -> None:
        self._children.close()

    @contextmanager
    def at(self, step: Step) -> Iterator[None]:
        """The load of a step until the block ends."""
        over = threading.Event()
        threads = [threading.Thread(target=burn, args=(over.is_set,)) for _ in range(step.cpus)]
        try:
            for thread in threads:
                thread.start()
            if step.gpu and self._gpu:
                self._gpu.send(busy=True)
            yield
        finally:
            over.set()
            if step.gpu and self._gpu:
                self._gpu.send(busy=False)
            for thread in threads:
                thread.join()
