"""The recipe of a first version that begins from nothing: what its pictures ask for, by a stated rule.

In colour if any of the uploads has colour; 28 pixels a side, or 64 where half of the pictures have more than 48. They
are fitted, not taken for digits; strokes keep their thickness, since nobody said that they are drawn. For large ones a
pretrained network is tried as well, at the size that suits it, where its weights are installed.
"""

import statistics
from typing import Any

from PIL import Image

from server.store.content import picture_path
from server.store.memory import Memory
from trainer.backbone import known

LOOKED_AT = 1000  # uploads, the first by their hashes
SMALL, LARGE = 28, 64  # pixels: the sides there are
LARGE_FROM = 48  # pixels of the longer side, in the median


def first_recipe(memory: Memory) -> dict[str, Any]:
    """What of a recipe follows from the uploads; by their headers, which cost next to nothing."""
    sides, coloured = [], False
    for upload in sorted(memory.browser.learnable()[2], key=lambda each: each.sha256)[:LOOKED_AT]:
        try:
            with Image.open(memory.content.path("data", picture_path(upload.sha256))) as picture:
                sides.append(max(picture.size))
                coloured |= picture.mode != "L"
        except OSError:
            continue  # preparing says so
    side = LARGE if sides and statistics.median(sides) > LARGE_FROM else SMALL
    recipe = {
        "preprocessing": "resize",
        "height": side,
        "width": side,
        "channels": 3 if coloured else 1,
        "thickness": 0.0,
    }
    if side == LARGE and known.packaged() is not None:
        recipe |= known.SUITED | {"backbone": known.AUTO, "channels": recipe["channels"]}
    return recipe
