"""How far the shipped model's confidence can be trusted, and whether its score tells what is no digit.

python -m benchmarks.model.calibration [--part validation|test] [--results FILE]

Log loss and expected calibration error (bins of equal mass) on plain, rendered (drawn.py) and noisy digits, before and
after the temperature; the area under the ROC curve of the score, and of the confidence for comparison, with digits of
the part against Fashion-MNIST's test images, against digits with their quarters swapped, and against noise.
"""

import argparse
import contextlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks import shipped
from benchmarks.mnist import FASHION, Digits, read
from benchmarks.model.drawn import BATCH, rendered
from benchmarks.reading import read_back
from export.calibration import calibration_error
from export.verify import outputs_in_batches
from server.models.model import Images, Model
from server.pictures.errors import UnusableImage

NOISE = 50.0  # grey levels: standard deviation of what is added to make a digit noisy

Values = NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("validation", "test"), default="validation")
    parser.add_argument("--fashion", type=Path, default=FASHION, help="folder with Fashion-MNIST's IDX files")
    parser.add_argument("--results", type=Path, help="file to write the figures to")
    arguments = parser.parse_args()
    model, digits = shipped.load(BATCH), read(arguments.part)
    report = json.loads((shipped.FOLDER / "report/report.json").read_bytes())
    temperature = report["calibration"]["temperature"]
    found = {
        "part": arguments.part,
        "temperature": temperature,
        "calibration": calibration(model, digits, temperature),
        "auroc": separation(model, digits, read("test", arguments.fashion)),
        "score_threshold": report["calibration"]["score_threshold"],
    }
    text = json.dumps(found, indent=1)
    print(text)
    if arguments.results:
        arguments.results.write_text(text + "\n")


def calibration(model: Model, digits: Digits, temperature: float) -> dict[str, dict[str, float]]:
    """Figures of each kind of digits before and after the temperature."""
    drawn, usable = read_back([drawing.file for drawing in rendered(digits)], model.preprocessing)
    noise = np.random.default_rng(0).normal(0, NOISE, digits.images.shape)
    noisy = (digits.images + noise).clip(0, 255).round().astype(np.uint8)[..., None]
    kinds = {
        "plain": (digits.images[..., None], digits.classes),
        "rendered": (drawn[usable], digits.classes[usable]),
        "noisy": (noisy, digits.classes),
    }
    found = {}
    for kind, (images, classes) in kinds.items():
        after, _ = outputs_in_batches(model, images, BATCH)
        # The graph holds the temperature: raised to its power, probabilities are again what they were without it.
        before = after.astype(np.float64) ** temperature
        before /= before.sum(axis=1, keepdims=True)
        found[kind] = {
            "images": len(classes),
            "accuracy": float((after.argmax(axis=1) == classes).mean()),
            "log loss before": log_loss(before, classes),
            "log loss after": log_loss(after, classes),
            "calibration error before": calibration_error(before.astype(np.float32), classes.astype(np.int32)),
            "calibration error after": calibration_error(after, classes.astype(np.int32)),
        }
    return found


def separation(model: Model, digits: Digits, clothes: Digits) -> dict[str, dict[str, float]]:
    """Areas under the ROC curve, digits against what is none."""
    whole, swapped = digits.images, np.roll(digits.images, (14, 14), axis=(1, 2))
    strangers = {
        "Fashion-MNIST": _prepared(model, clothes.images),
        "quarters swapped": swapped[..., None],
        "noise": np.random.default_rng(0).integers(0, 256, (*whole.shape, 1), np.uint8),
    }
    known = outputs_in_batches(model, whole[..., None], BATCH)
    found = {}
    for name, images in strangers.items():
        foreign = outputs_in_batches(model, images, BATCH)
        found[name] = {
            "score": area(known[1], foreign[1]),
            "confidence": area(known[0].max(axis=1), foreign[0].max(axis=1)),
        }
    return found


def _prepared(model: Model, pictures: NDArray[np.uint8]) -> Images:
    """Pictures as the server would read them; those that it refuses need no score."""
    images = []
    for picture in pictures:
        with contextlib.suppress(UnusableImage):
            images.append(model.preprocessing.apply(Image.fromarray(picture)))
    return np.stack(images)


def area(known: Values, foreign: Values) -> float:
    """The chance that a known image has more than a foreign one, half a chance for equals (Mann-Whitney U)."""
    ordered = np.sort(foreign)
    below, not_above = np.searchsorted(ordered, known, "left"), np.searchsorted(ordered, known, "right")
    return float((below + not_above).mean() / 2 / len(foreign))


def log_loss(probabilities: NDArray[np.float64] | Values, classes: NDArray[np.uint8]) -> float:
    true = probabilities[np.arange(len(classes)), classes]
    return float(-np.log(np.maximum(true, 1e-15)).mean())


if __name__ == "__main__":
    main()
