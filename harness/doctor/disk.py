"""Is there room for checkpoints and traces?"""

from pathlib import Path

from harness.doctor import Finding, Said, doubt, fine, spoils

COMMANDS = {"df": ("df", "-Pk", ".")}
LITTLE_KIB = 2 << 20
NOTHING_KIB = 200 << 10
MEND = "harness run ... --out DIR with DIR on a larger disk"


def check(root: Path, said: Said) -> Finding:
    words = (said["df"] or "").splitlines()[-1:]
    fields = words[0].split() if words else []
    if len(fields) < 6 or not fields[3].isdigit():
        return doubt("df does not tell how much room there is", "df -h .")
    free_kib = int(fields[3])
    evidence = f"{free_kib / (1 << 20):.1f} GiB free on {fields[5]}"
    if free_kib < NOTHING_KIB:
        return spoils(evidence + ": a run would stop", MEND)
    return doubt(evidence, MEND) if free_kib < LITTLE_KIB else fine(evidence)
