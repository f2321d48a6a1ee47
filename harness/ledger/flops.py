"""FLOPs by the accounting of the published tables: 3 x images x epochs x forward FLOPs of one image.

3 = the forward pass and a backward pass of twice its cost (docs/accounting.md).
"""

import math
from typing import Any, Dict

TABLE_UNIT = 5e13  # the published tables count in "0.05P": 50,000 images x 1e9


def training_flops(result: Dict[str, Any], epochs: int, rounded: bool = False) -> float:
    """FLOPs of `epochs` epochs of a stage; `rounded`: its forward FLOPs to 0.01 G first, as the published tables do."""
    forward = result["forward_flops"]["paper"]
    if rounded:
        forward = round(forward / 1e9, 2) * 1e9
    return 3 * result["images"] * epochs * forward


def detection_flops(gammas: int) -> float:
    """FLOPs of one mask and its distances for n BatchNorm gammas: sorting 3 n log2 n, thresholding 2 n."""
    return 3 * gammas * math.log2(gammas) + 2 * gammas if gammas > 1 else 2.0 * gammas
