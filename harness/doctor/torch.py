"""Does torch compute where it should?  On a Jetson a torch without CUDA measures another machine."""

import sys
from pathlib import Path

from harness.board.nodes import l4t
from harness.doctor import Finding, Said, doubt, fine, spoils

COMMANDS = {
    "torch": (sys.executable, "-c", "import torch; print(torch.__version__, torch.cuda.is_available())"),
}


def check(root: Path, said: Said) -> Finding:
    words = (said["torch"] or "").split()
    if len(words) != 2:
        mend = "./jetson_setup.sh" if l4t(root) else "pip install torch"
        return doubt("torch cannot be imported: nothing can be trained here, only measured", mend)
    version, cuda = words
    if cuda == "True":
        return fine(f"torch {version} with CUDA")
    if l4t(root):
        return spoils(
            f"torch {version} sees no CUDA device", "./jetson_setup.sh --torch-wheel FILE with NVIDIA's build"
        )
    return fine(f"torch {version} computes on the CPU")
