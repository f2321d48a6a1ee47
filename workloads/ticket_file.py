"""Tickets as portable .npz files: masks, widths, provenance and optionally weights.

Nothing in such a file is executed: it is read without pickle, and whatever is not exactly what `write` writes is
refused, large claims before memory is taken for them.
"""

import io
import json
import tokenize
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Dict, List, Sequence

import numpy as np

from workloads import WorkloadError
from workloads.job import Draw
from workloads.tickets import Mask

SCHEMA = 1
MAX_BYTES = 1 << 30  # ten times the weights of ResNet50
MAX_ENTRIES = 10000
# What zipfile, numpy and json have been seen to raise on crafted and torn files.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    tokenize.TokenError,
    SyntaxError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    ArithmeticError,
    RuntimeError,
)
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # equal tickets are equal files


@dataclass(frozen=True, eq=False)
class Ticket:
    """A drawn subnetwork.

    mask: one bool array per BatchNorm layer of the dense network, as drawn.  widths: the channels kept, for
    `models.build`.  provenance: JSON-able, where the ticket comes from.  weights: the dense network's state to start
    from, by name, or nothing.  connections: bool arrays by parameter name, where single weights are pruned.
    """

    mask: Mask
    widths: Sequence[int] = ()
    provenance: Dict[str, Any] = field(default_factory=dict)
    weights: Dict[str, np.ndarray] = field(default_factory=dict)
    connections: Dict[str, np.ndarray] = field(default_factory=dict)


def name(draw: Draw) -> str:
    """What the store of a training calls the ticket of this draw."""
    return f"tickets/{draw.key}.npz"


def write(file: BinaryIO, ticket: Ticket) -> None:
    """Write a ticket; `file` is open for binary writing."""
    header: Dict[str, Any] = {
        "schema": SCHEMA,
        "sizes": [len(kept) for kept in ticket.mask],
        "widths": [int(width) for width in ticket.widths],
        "provenance": ticket.provenance,
    }
    if ticket.connections:
        header["connections"] = {name: list(kept.shape) for name, kept in ticket.connections.items()}
    arrays = {"header": np.frombuffer(json.dumps(header, sort_keys=True).encode(), dtype=np.uint8)}
    arrays.update({_mask_name(index): np.packbits(kept) for index, kept in enumerate(ticket.mask)})
    arrays.update({f"weights/{name}": np.asarray(values) for name, values in ticket.weights.items()})
    arrays.update({f"connections/{name}": np.packbits(kept) for name, kept in ticket.connections.items()})
    with zipfile.ZipFile(file, "w") as archive:
        for name, values in arrays.items():
            entry = io.BytesIO()
            np.lib.format.write_array(entry, values, version=(1, 0), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _LONG_AGO), entry.getvalue())


def read(file: BinaryIO) -> Ticket:
    """Read a ticket back; a file that is damaged, foreign or larger than any ticket raises."""
    try:
        with zipfile.ZipFile(file) as archive:
            return _ticket(_arrays(archive))
    except _DAMAGE as error:
        raise WorkloadError(f"this is no ticket, or it is damaged ({error}): export it again") from error


def _arrays(archive: zipfile.ZipFile) -> Dict[str, np.ndarray]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise ValueError(f"it holds more than {MAX_ENTRIES} entries or {MAX_BYTES >> 20} MiB")
    return {entry.filename[: -len(".npy")]: _array(archive, entry) for entry in entries}


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(entry) as file:
        if np.lib.format.read_magic(file) != (1, 0):
            raise ValueError(f"{entry.filename} is of an unknown array format")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype.hasobject or dtype.kind not in "biuf":
            raise ValueError(f"{entry.filename} holds {dtype}, not numbers")
        values = np.frombuffer(file.read(), dtype=dtype).reshape(shape, order="F" if fortran else "C")
    return values.copy()


def _ticket(arrays: Dict[str, np.ndarray]) -> Ticket:
    header = json.loads(arrays["header"].tobytes().decode())
    if header["schema"] != SCHEMA:
        raise ValueError(f"its schema is {header['schema']}, this version reads {SCHEMA}")
    sizes, widths = _counts(header["sizes"]), _counts(header["widths"])
    if not isinstance(header["provenance"], dict):
        raise ValueError("its provenance is no table")
    mask = [_unpacked(arrays[_mask_name(index)], size) for index, size in enumerate(sizes)]
    weights = {name[len("weights/") :]: values for name, values in arrays.items() if name.startswith("weights/")}
    return Ticket(mask, widths, header["provenance"], weights, _connections(header.get("connections", {}), arrays))


def _connections(shapes: Dict[str, List[int]], arrays: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
    return {
        name: _unpacked(arrays[f"connections/{name}"], int(np.prod(_counts(shape)))).reshape(shape)
        for name, shape in shapes.items()
    }


def _counts(values: Any) -> List[int]:
    if not isinstance(values, list) or not all(type(value) is int and value > 0 for value in values):
        raise ValueError(f"{values} are no channel counts")
    return values


def _unpacked(packed: np.ndarray, size: int) -> np.ndarray:
    if packed.dtype != np.uint8 or packed.shape != ((size + 7) // 8,):
        raise ValueError(f"a mask of {size} does not lie in {packed.shape} {packed.dtype}")
    return np.unpackbits(packed)[:size].astype(bool)


def _mask_name(index: int) -> str:
    return f"mask/{index:04d}"
