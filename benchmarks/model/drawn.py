"""Digits as people make them: MNIST's digits drawn large, somewhere, on some paper, and read back by the server's code.

python -m benchmarks.model.drawn [--part validation|test] [--images N]

Each digit is rendered at 280x280 with its ink's longer side 60 to 240 pixels, at a random place, dark on light or
light on dark, on plain, grey, shaded or noisy paper, as PNG or JPEG. server/pictures/digit_1.py was tuned on the
validation part; the test part is for the figure in the end. Printed: accuracy on the plain digits, on the rendered
ones, by paper, form.
"""

import argparse
import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks import shipped
from benchmarks.mnist import Digits, read
from benchmarks.reading import read_back
from server.models.model import Images, Model

SIDE = 280
INK_SIDES = (60, 240)  # pixels: the ink's longer side
PAPERS = ("white", "grey", "gradient", "noise")
FORMS = ("PNG", "JPEG")
JPEG_QUALITIES = (60, 95)
LEAST_INK = 48  # of 255: what counts as ink of MNIST's grey levels when the digit is cut out
BATCH = 500


@dataclass(frozen=True)
class Drawing:
    """One rendered digit and how it was rendered."""

    file: bytes
    paper: str
    form: str
    light: bool  # light ink on dark paper
    ink_side: int


def render(digit: NDArray[np.uint8], random: np.random.Generator) -> Drawing:
    """A digit uint8 (28, 28), light on dark, as somebody might draw and send it."""
    ink = _enlarged(digit, ink_side := int(random.integers(*INK_SIDES, endpoint=True)))
    top, left = (int(random.integers(0, SIDE - size, endpoint=True)) for size in ink.shape)
    strength = np.zeros((SIDE, SIDE))
    strength[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    paper, form, light = str(random.choice(PAPERS)), str(random.choice(FORMS)), bool(random.integers(2))
    ground = _paper(paper, random)
    ink_level = random.uniform(0, 50)
    levels = ground + strength * (ink_level - ground)
    if paper == "noise":
        levels += random.normal(0, random.uniform(4, 14), levels.shape)
    grey = levels.clip(0, 255).round().astype(np.uint8)
    file = io.BytesIO()
    options = {"quality": int(random.integers(*JPEG_QUALITIES))} if form == "JPEG" else {}
    Image.fromarray(255 - grey if light else grey).save(file, form, **options)
    return Drawing(file.getvalue(), paper, form, light, ink_side)


def _enlarged(digit: NDArray[np.uint8], longer_side: int) -> NDArray[np.float64]:
    """The digit cut to its ink and enlarged; strength of the ink, 0 to 1."""
    rows, columns = (np.flatnonzero((digit >= LEAST_INK).any(axis=axis)) for axis in (1, 0))
    cut = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = longer_side / max(cut.shape)
    size = (max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale)))
    large = np.asarray(Image.fromarray(cut).resize(size, Image.Resampling.BICUBIC), np.float64)
    return np.asarray(large.clip(0, 255) / 255, np.float64)


def _paper(kind: str, random: np.random.Generator) -> NDArray[np.float64]:
    """The paper's grey levels (SIDE, SIDE), light."""
    if kind == "white":
        return np.full((SIDE, SIDE), 255.0)
    level = random.uniform(140, 235)
    if kind != "gradient":
        return np.full((SIDE, SIDE), level)
    angle, fall = random.uniform(0, 2 * np.pi), random.uniform(30, 80)
    across = np.linspace(-0.5, 0.5, SIDE)
    slope: NDArray[np.float64] = np.cos(angle) * across[:, None] + np.sin(angle) * across[None, :]
    return level + fall * slope


def rendered(digits: Digits, seed: int = 0) -> Iterator[Drawing]:
    """Each digit once, the same for the same seed."""
    random = np.random.default_rng(seed)
    for digit in digits.images:
        yield render(digit, random)


def probabilities_of(model: Model, images: Images) -> NDArray[np.float32]:
    return np.concatenate(
        [model.predict(images[first : first + BATCH]).probabilities for first in range(0, len(images), BATCH)]
    )


def measure(model: Model, digits: Digits) -> dict[str, object]:
    """Accuracy on the plain digits and the rendered ones, in all and by how they were rendered."""
    drawings = list(rendered(digits))
    images, usable = read_back([drawing.file for drawing in drawings], model.preprocessing)
    right = (probabilities_of(model, images).argmax(axis=1) == digits.classes) & usable
    plain = probabilities_of(model, digits.images[..., None]).argmax(axis=1) == digits.classes
    groups: dict[str, list[bool]] = defaultdict(list)
    for drawing, good in zip(drawings, right.tolist(), strict=True):
        size = f"ink {60 * (drawing.ink_side // 60)} to {60 * (drawing.ink_side // 60) + 59} px"
        for group in (drawing.paper, drawing.form, "light on dark" if drawing.light else "dark on light", size):
            groups[group].append(good)
    return {
        "images": len(drawings),
        "refused": int((~usable).sum()),
        "plain": float(plain.mean()),
        "rendered": float(right.mean()),
        "loss": float(plain.mean() - right.mean()),
        "by": {name: float(np.mean(good)) for name, good in sorted(groups.items())},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("validation", "test"), default="validation")
    parser.add_argument("--images", type=int, default=10_000, help="at most so many")
    parser.add_argument("--results", type=Path, help="file to write the figures to")
    arguments = parser.parse_args()
    found = measure(shipped.load(BATCH), read(arguments.part).first(arguments.images))
    found["model_sha256"] = hashlib.sha256((shipped.FOLDER / "model.onnx").read_bytes()).hexdigest()
    text = json.dumps({"part": arguments.part} | found, indent=1)
    print(text)
    if arguments.results:
        arguments.results.write_text(text + "\n")


if __name__ == "__main__":
    main()
