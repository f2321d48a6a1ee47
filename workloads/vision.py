"""torchvision's image transforms: imported only when asked for."""

import sys
from types import ModuleType
from typing import Any

from workloads import WorkloadError

REGISTRATION = "torchvision._meta_registrations"


def transforms() -> Any:
    """The module `torchvision.transforms`; where there is no torchvision, a sentence raises."""
    try:
        return _imported()
    except (ImportError, RuntimeError) as error:
        import torch

        raise WorkloadError(
            f"images in folders are read through torchvision, which does not import here ({error}): install the "
            f"release that belongs to torch {torch.__version__} (on a Jetson one built against NVIDIA's torch), or use "
            "a data set that needs none, such as cifar10"
        ) from error


def _imported() -> Any:
    """PyPI's torchvision belongs to torch with CUDA; beside another build of it its C++ operators are missing.

    Then it fails to import for the description of these operators alone.  Transforms are Python: they do without.
    """
    try:
        from torchvision import transforms
    except RuntimeError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        sys.modules[REGISTRATION] = ModuleType(REGISTRATION)
        from torchvision import transforms
    return transforms
