"""Phases: named, nested spans of work that a harness may time and meter, and that do nothing unmeasured."""

from contextlib import contextmanager


@contextmanager
def unmeasured(name, **attributes):
    """A phase that nobody measures; notes are dropped."""
    yield _drop


def synchronised(phase, device):
    """The same phases, at whose edges an accelerator has finished all work that it was given before."""
    if device.type != "cuda":
        return phase

    @contextmanager
    def whole(name, **attributes):
        finish(device)
        with phase(name, **attributes) as note:
            yield note
            finish(device)

    return whole


def finish(device):
    """Wait until an accelerator has done all that was asked of it."""
    if device.type == "cuda":
        import torch

        torch.cuda.synchronize(device)


def _drop(**values):
    pass
