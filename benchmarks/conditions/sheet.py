"""A sheet of examples: a row for each condition, every picture with what the model saw beside it."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from benchmarks.conditions.kinds import Sample
from benchmarks.conditions.measure import Answers
from server.models.model import Model

SHOWN = 8  # pictures of each condition
SIDE = 56  # pixels
NAME = 220  # pixels for a condition's name
CHECKED = 127  # grey level laid under transparent pictures


def row(name: str, samples: Sequence[Sample], found: Answers, model: Model) -> Image.Image:
    """The first pictures of a condition; below each what was answered, in red where it is wrong and sure."""
    made = Image.new("RGB", (NAME + SHOWN * (2 * SIDE + 12), SIDE + 14), "white")
    draw = ImageDraw.Draw(made)
    draw.text((4, SIDE // 2), name, "black")
    for at, sample in enumerate(samples[:SHOWN]):
        left = NAME + at * (2 * SIDE + 12)
        made.paste(_thumbnail(sample.file), (left, 0))
        if found.refused[at]:
            draw.text((left + SIDE + 4, SIDE // 2), "refused", "grey")
            continue
        seen = Image.fromarray(found.inputs[at][:, :, 0]).resize((SIDE, SIDE), Image.Resampling.NEAREST)
        made.paste(seen, (left + SIDE, 0))
        flagged = model.score_threshold is not None and found.score[at] < model.score_threshold
        colour = "black" if found.right[at] else "orange" if flagged else "red"
        words = f"{model.labels[found.predicted[at]]} {found.confidence[at]:.2f} score {found.score[at]:.2f}"
        draw.text((left, SIDE + 1), words, colour)
    return made


def save(path: Path, rows: Sequence[Image.Image]) -> None:
    """The rows below each other, as a PNG of few colours."""
    sheet = Image.fromarray(np.concatenate([np.asarray(each) for each in rows]))
    sheet.quantize(64).save(path, "PNG", optimize=True)


def _thumbnail(file: bytes) -> Image.Image:
    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
    if picture.mode.startswith("I"):
        picture = Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
    if picture.mode == "RGBA":
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (CHECKED, CHECKED, CHECKED, 255)), picture)
    fitted = picture.convert("RGB")
    fitted.thumbnail((SIDE, SIDE))
    return fitted
