"""The names of everything that a run stores; no other module joins a path inside a run directory."""

import hashlib
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Callable, Dict, Iterator, List, Optional, Tuple

SUMS = "SHA256SUMS"
ATTACHED = "attached.json"
ATTACHED_SUMS = "SHA256SUMS.attached"  # of what came after the seal, so that the seal stays what the board made


class Rep:
    """One repetition of one stage: `runs/<machine>/stages/<hash>/rep-<n>/`."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self.manifest = self.folder / "manifest.json"
        self.events = self.folder / "events.jsonl"
        self.clock = self.folder / "clock.jsonl"
        self.state = self.folder / "state.jsonl"
        self.power = self.folder / "power"
        self.checkpoint = self.folder / "checkpoint" / "last.pt"
        self.previous_checkpoint = self.folder / "checkpoint" / "previous.pt"
        self.sums = self.folder / SUMS
        self.attached = self.folder / ATTACHED
        self.attached_sums = self.folder / ATTACHED_SUMS

    @property
    def complete(self) -> bool:
        return self.sums.is_file()

    @property
    def committed(self) -> bool:
        """Whether an epoch has been committed."""
        return self.checkpoint.exists() or self.previous_checkpoint.exists()

    def trace(self, meter: str, attempt: int) -> Path:
        return trace(self.power, meter, attempt)

    def raw(self, meter: str, attempt: int) -> Path:
        return raw(self.power, meter, attempt)

    def emulator_log(self, meter: str, attempt: int) -> Path:
        return emulator_log(self.power, meter, attempt)

    def traces(self) -> List[Tuple[str, int, Path]]:
        """(meter, attempt, path) of every recorded trace, by meter and then by attempt."""
        found = []
        for path in self.power.glob("*.arrow"):
            meter, _, attempt = path.name[: -len(".arrow")].rpartition(".")
            if meter and attempt.isdigit():
                found.append((meter, int(attempt), path))
        return sorted(found)

    def tickets(self) -> Dict[str, Path]:
        """The tickets that were drawn, by the key of the draw."""
        found = sorted((self.folder / "tickets").glob("*.npz"))
        return {path.stem: path for path in found if path.stem != "gammas"}

    def named(self, name: str) -> Path:
        """The path of what a workload stores under a relative `name` such as `tickets/gammas.npz`."""
        path = self.folder / name
        if os.path.isabs(name) or ".." in Path(name).parts:
            raise ValueError(f"{name!r} is not a name inside a run directory")
        return path


class Machine:
    """All that was run on one machine: `runs/<machine>/`."""

    def __init__(self, out: Path, name: str):
        self.folder = Path(out) / name
        self.lock = self.folder / ".lock"
        self.tickets = self.folder / "tickets"

    def rep(self, stage: str, repetition: int) -> Rep:
        return Rep(self.folder / "stages" / stage / f"rep-{repetition}")

    def ticket(self, digest: str) -> Path:
        """Where a ticket from elsewhere is kept, by the digest of its file."""
        return self.tickets / f"{digest}.npz"

    def study(self, name: str) -> "StudyFolder":
        return StudyFolder(self.folder / "studies" / name)


class StudyFolder:
    """What a study leaves beside its stages: `runs/<machine>/studies/<name>/`."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self.study = self.folder / "study.toml"
        self.cells = self.folder / "cells.json"
        self.prediction = self.folder / "prediction.json"
        self.live = self.folder / "live.json"
        self.log = self.folder / "run.log"

    @property
    def machine(self) -> Machine:
        return Machine(self.folder.parents[2], self.folder.parents[1].name)


def trace(power: Path, meter: str, attempt: int) -> Path:
    """The samples of a meter in the folder `power`."""
    return power / f"{meter}.{attempt}.arrow"


def raw(power: Path, meter: str, attempt: int) -> Path:
    """The bytes on a meter's line, beside the samples that they were decoded to."""
    return power / f"{meter}.{attempt}.raw"


def emulator_log(power: Path, meter: str, attempt: int) -> Path:
    """What an emulated meter really sent, with the true joules: the ground truth beside its trace."""
    return power / f"{meter}.{attempt}.emulator.log"


def crosscheck(folder: Path) -> Path:
    """What meters were found to say of each other; their traces are beside it."""
    return folder / "crosscheck.json"


@contextmanager
def replacing(path: Path, keep: Optional[Path] = None) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` at the end, durably: whoever reads sees the old or the new.

    The old file is kept as `keep` where one is named; a power cut between the two renames leaves it there alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    try:
        with open(str(temporary), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk does not name the file
        raise
    if keep is not None and path.exists():
        os.replace(str(path), str(keep))
    os.replace(str(temporary), str(path))
    sync_folder(path.parent)


def write(path: Path, writer: Callable[[BinaryIO], Any]) -> None:
    with replacing(path) as file:
        writer(file)


def sync_folder(folder: Path) -> None:
    """Make renames and new files in `folder` survive a power cut."""
    descriptor = os.open(str(folder), os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def digest(path: Path) -> str:
    total = hashlib.sha256()
    with open(str(path), "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            total.update(block)
    return total.hexdigest()


def files(folder: Path) -> List[str]:
    """Relative names of every file below `folder` that the seal covers, sorted."""
    later = {SUMS, ATTACHED_SUMS, *listed(folder / ATTACHED_SUMS)}
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in names if name not in later)


def listed(sums: Path) -> List[str]:
    """The names in a list of digests; none where there is no such list."""
    if not sums.is_file():
        return []
    lines = sums.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line.partition("  ")[2] for line in lines]


def seal_attached(rep: Rep, names: List[str]) -> None:
    """List what was attached to a complete repetition, in a list of its own."""
    lines = [f"{digest(rep.folder / name)}  {name}\n" for name in sorted(names)]
    write(rep.attached_sums, lambda file: file.write("".join(lines).encode()))


def seal(rep: Rep, keep_checkpoint: bool = True) -> None:
    """Mark a repetition as complete: SHA256SUMS (as `sha256sum -c` reads it) covers every file.

    What only an interrupted stage needs goes before: half-written files, and the checkpoint before the last one.
    A checkpoint that is not kept is removed after the sums, which do not list it: a crash in between loses nothing.
    """
    leftovers = list(rep.folder.rglob("*.tmp"))
    if rep.checkpoint.exists() and rep.previous_checkpoint.exists():
        leftovers.append(rep.previous_checkpoint)
    for leftover in leftovers:
        leftover.unlink()
    unkept = [] if keep_checkpoint else [rep.checkpoint.relative_to(rep.folder).as_posix()]
    names = [name for name in files(rep.folder) if name not in unkept]
    lines = [f"{digest(rep.folder / name)}  {name}\n" for name in names]
    write(rep.sums, lambda file: file.write("".join(lines).encode()))
    tidy(rep)


def tidy(rep: Rep) -> None:
    """Remove the checkpoint of a complete repetition whose sums do not list it: no later stage reads one."""
    name = rep.checkpoint.relative_to(rep.folder).as_posix()
    if rep.checkpoint.exists() and name not in listed(rep.sums):
        rep.checkpoint.unlink()
        rep.checkpoint.parent.rmdir()


def live_files(folder: Path) -> List[Path]:
    """What runs tell of themselves while they are at work, at or below a study's, a machine's or a whole folder."""
    patterns = ("live.json", "studies/*/live.json", "*/studies/*/live.json")
    return sorted(path for pattern in patterns for path in Path(folder).glob(pattern))


def reps(folder: Path) -> List[Path]:
    """Folders of the repetitions at or below `folder` that have been begun."""
    folder = Path(folder)
    return sorted(path.parent for path in folder.rglob("manifest.json") if path.parent.name.startswith("rep-"))
