"""Whether a copy of a picture that judges is trained on: moved by a pixel in any direction, saved as JPEG, or both.

The trainer's own code keeps apart what judges, digits of MNIST's test half, and what uploads of such copies would be
trained on. A copy whose ink was cut by the border is another picture, and is counted apart; so are other people's
digits that are taken for copies, which nothing is then learned from.
"""

import io

import numpy as np
from PIL import Image

from benchmarks import mnist, shipped
from benchmarks.measure import Result, Row, Setting
from benchmarks.reading import read_back
from trainer.moved import Moved
from trainer.parts import kept_apart

COPIED, OTHERS = 500, 2000
STEPS = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
QUALITIES = (50, 75, 90)


def run(setting: Setting) -> Result:
    judging = mnist.read("test").images
    copied = judging[: COPIED if setting.rounds > 1 else 10]
    moved = {step: [_moved(each, *step) for each in copied] for step in STEPS}
    cut, whole = list[bytes](), dict[str, list[bytes]]()
    for step, pictures in moved.items():
        for original, picture in zip(copied, pictures, strict=True):
            is_whole = picture.sum(dtype=int) == original.sum(dtype=int)
            if step != (0, 0):
                (whole.setdefault("moved by a pixel", []) if is_whole else cut).append(_file(picture, "PNG"))
            for quality in QUALITIES if is_whole else ():
                name = f"saved as JPEG, quality {quality}" if step == (0, 0) else "both"
                whole.setdefault(name, []).append(_file(picture, "JPEG", quality=quality))
    others = [_file(each, "PNG") for each in mnist.read("fit").images[:OTHERS]]
    left = _trained_on(judging, whole | {"cut": cut, "others": others})
    counts = {name: len(files) for name, files in [*whole.items(), ("cut", cut), ("others", others)]}
    return Result("copies", rows(counts, left), {"copies": dict(counts), "left": dict(left)})


def rows(counts: dict[str, int], left: dict[str, int]) -> list[Row]:
    """Figures of how many there were of each kind, and how many of these would be trained on."""
    work, figure = "copies of held-out pictures", "in the training half"
    one = [name for name in counts if name not in ("both", "cut", "others")]
    number, trained_on = (sum(each[name] for name in one) for each in (counts, left))
    return [
        Row(f"{number:,} {work}, moved by a pixel or saved as JPEG", figure, trained_on, "", at_most=0),
        Row(f"{counts['both']:,} {work}, moved and saved as JPEG", figure, left["both"], ""),
        Row(f"{counts['cut']:,} {work} that lost ink at the border", figure, left["cut"], ""),
        Row(
            f"{counts['others']:,} other people's digits",
            "taken for copies",
            100 * (1 - left["others"] / counts["others"]),
            "%",
        ),
    ]


def _trained_on(judging: np.ndarray, kinds: dict[str, list[bytes]]) -> dict[str, int]:
    """How many of the uploads of each kind would be."""
    preprocessing = shipped.manifest().preprocessing
    inputs, usable = read_back([file for files in kinds.values() for file in files], preprocessing)
    kind_of = np.repeat(np.arange(len(kinds)), [len(files) for files in kinds.values()])
    images = np.concatenate([judging[..., None], inputs])
    rows = np.arange(len(images))
    none = rows[:0]
    parts = {"fit": none, "validation": none, "gate": none, "test": rows[: len(judging)], "held out": none}
    parts["uploads"] = rows[len(judging) :][usable]
    apart = kept_apart(images, np.zeros(len(images), np.int32), parts, Moved(images, preprocessing).of)
    left = np.bincount(kind_of[apart["uploads"] - len(judging)], minlength=len(kinds))
    return dict(zip(kinds, left.tolist(), strict=True))


def _moved(digit: np.ndarray, down: int, right: int) -> np.ndarray:
    return np.roll(np.pad(digit, 1), (down, right), (0, 1))[1:-1, 1:-1]


def _file(picture: np.ndarray, form: str, **options: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, form, **options)
    return file.getvalue()
