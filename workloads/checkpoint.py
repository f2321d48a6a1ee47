"""A training's state as one file that is read back without running code from it.

torch >= 1.13 reads it with `weights_only`.  Older releases unpickle without limits of their own: there the reader is
given an unpickler that knows tensors and plain containers, and refuses everything else.
"""

import collections
import inspect
import pickle
import zipfile
from typing import Any, BinaryIO, Dict, Optional

import numpy as np
import torch

from workloads import WorkloadError
from workloads.averaging import Average
from workloads.job import Training
from workloads.models import build
from workloads.training import State, begin

SCHEMA = 1


class Unusable(WorkloadError):
    """A checkpoint that no training can go on from; `reason` completes "the checkpoint ..."."""

    def __init__(self, reason: str, file: BinaryIO) -> None:
        what = f"the checkpoint {getattr(file, 'name', '')}".rstrip()
        super().__init__(f"{what} {reason}: delete it to start the training again, or put a copy in its place")
        self.reason = reason


def write(file: BinaryIO, state: State) -> None:
    """Write a state; it holds no random numbers, because data order depends on (seed, epoch) alone."""
    buffers = state.optimizer.state
    target = _Target(file)
    torch.save(
        {
            "schema": SCHEMA,
            "start": state.start,
            "epochs_done": state.epochs_done,
            "classes": state.model.num_classes,
            "widths": list(state.model.widths),
            "model": state.model.state_dict(),
            "momentum": [buffers[parameter].get("momentum_buffer") for parameter in state.model.parameters()],
            "gammas": torch.from_numpy(np.array(state.gammas, dtype=np.float32)),
            "history": state.history,
            "origin": state.origin,
            "connections": state.connections,
            "average": state.average.state(),
            "arithmetic": state.arithmetic.state(),
        },
        target,
    )
    if target.failure is not None:
        raise target.failure


class _Target:
    """A file whose failure is raised when torch is done with it: on a full disk torch 1.10 would abort the process."""

    def __init__(self, file: BinaryIO) -> None:
        self.failure: Optional[OSError] = None
        self._file = file

    def write(self, data: Any) -> int:
        if self.failure is None:
            try:
                return self._file.write(data)
            except OSError as error:
                self.failure = error
        return len(data)

    def flush(self) -> None:
        """What is left is written when the file is closed."""


def read(file: BinaryIO, training: Training, device: torch.device) -> State:
    """The state of `training` that was written; a truncated, damaged or foreign file raises."""
    held = _load(file)
    if not isinstance(held, dict) or held.get("schema") != SCHEMA:
        raise Unusable(f"is not one of ours, or of another version than {SCHEMA}", file)
    model = build(training.model, held["classes"], width=training.width, widths=held["widths"], align=training.align)
    model.load_state_dict(held["model"])
    state = begin(model, training, held["start"], held["origin"], device)
    for parameter, buffer in zip(state.model.parameters(), held["momentum"]):
        if buffer is not None:
            state.optimizer.state[parameter]["momentum_buffer"] = buffer.to(device)
    state.epochs_done, state.history = held["epochs_done"], held["history"]
    state.gammas, state.connections = list(held["gammas"].numpy()), held.get("connections", {})
    state.average = Average.of(held.get("average", {}), device)
    state.arithmetic.resume(held.get("arithmetic", {}))
    return state


def _load(file: BinaryIO) -> Any:
    try:
        if not zipfile.is_zipfile(file):
            raise EOFError("its end is missing")
        changed = zipfile.ZipFile(file).testzip()  # torch itself does not look at the checksums
        if changed is not None:
            raise EOFError(f"the checksum of {changed} is another")
        file.seek(0)
        return torch.load(file, map_location="cpu", **_without_code())
    except (RuntimeError, EOFError, pickle.UnpicklingError, zipfile.BadZipFile, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise Unusable(f"is truncated or damaged ({reason})", file) from error


def _without_code() -> Dict[str, Any]:
    if "weights_only" in inspect.signature(torch.load).parameters:
        return {"weights_only": True}
    return {"pickle_module": TensorsOnly}


class TensorsOnly:
    """Stands in for the pickle module where torch has no `weights_only`."""

    class Unpickler(pickle.Unpickler):
        """Builds tensors and plain containers, and raises for anything else."""

        def find_class(self, module: str, name: str) -> Any:
            if (module, name) == ("collections", "OrderedDict"):
                return collections.OrderedDict
            if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
                return torch._utils._rebuild_tensor_v2
            if module == "torch" and name.endswith("Storage") and name.isalpha():
                return getattr(torch, name)
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a checkpoint")
