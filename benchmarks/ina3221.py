"""What a row of six INA3221 rails costs the CPU, against opening each file anew and against a bare loop in C.

The files lie on an ordinary file system here; on a board the I2C transfer behind each of them comes on top.
"""

import ctypes
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Callable, Sequence

from benchmarks.paired import compare
from meters.ina3221 import Meter

TREE = Path(__file__).parents[1] / "tests/data/jetson/TX2-R32-idle.tar"
ROWS = 2000
LOOP_IN_C = """
#include <unistd.h>
long loop(const int *files, int n, int rows) {
    char text[16];
    long bytes = 0;
    for (int row = 0; row < rows; row++)
        for (int i = 0; i < n; i++)
            bytes += pread(files[i], text, sizeof text, 0);
    return bytes;
}
"""


def bare_loop(paths: Sequence[Path], folder: Path) -> Callable[[], int]:
    """ROWS rows in C: what no reader can undercut.  Its files stay open until the process ends."""
    source, library = folder / "loop.c", folder / "loop.so"
    source.write_text(LOOP_IN_C)
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    loop = ctypes.CDLL(str(library)).loop
    files = (ctypes.c_int * len(paths))(*(os.open(str(path), os.O_RDONLY) for path in paths))
    return lambda: loop(files, len(paths), ROWS)


def opened_anew(paths: Sequence[Path]) -> Callable[[], object]:
    """ROWS rows as a script would read them."""

    def rows() -> None:
        for _ in range(ROWS):
            for path in paths:
                with open(str(path)) as file:
                    int(file.read()) / 1000

    return rows


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(str(TREE)) as tar:
            tar.extractall(folder)
        root = Path(folder) / TREE.stem
        paths = sorted(root.glob("sys/devices/**/in_power?_input"))
        with Meter(root=str(root)) as meter:

            def rows() -> None:
                for _ in range(ROWS):
                    meter.read_row()

            print(compare(rows, opened_anew(paths)).line("ina3221 row / opening each file anew", 0.1))
            print(compare(rows, bare_loop(paths, Path(folder)), pairs=60).line("ina3221 row / bare C loop", 2.5))


if __name__ == "__main__":
    main()
