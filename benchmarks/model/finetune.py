"""What a retrain with 1,000 uploads takes, what it gains on such pictures, and whether it forgets the old ones.

python -m benchmarks.model.finetune [--uploads N] [--results FILE]

The uploads are training digits drawn with a thinner pen (the darkest of each 2x2 pixels), which is what the shipped
model reads worst. The trainer starts from the shipped model, and the published version is compared with it on digits of
the test set, plain and thin; they decide nothing. It needs the train environment.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import shipped
from benchmarks.mnist import Digits, read, thinned
from benchmarks.model.drawn import BATCH, probabilities_of
from server.models.model import Model, load
from server.store.dataset import Labelled
from server.store.memory import Memory, open_memory
from server.store.pointer import BASELINE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uploads", type=int, default=1000)
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results/finetune.json"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="relearn-bench-") as made:
        folder = Path(made)
        store = open_memory(folder / "artifacts", folder / "data", "digits", shipped.FOLDER)
        _upload(read("fit"), arguments.uploads, store)
        begun = time.perf_counter()
        model = _retrained(folder, store)
        seconds = time.perf_counter() - begun
    digits = read("test")
    parts = {"plain test digits": digits, "thin test digits": Digits(thinned(digits.images), digits.classes)}
    found = {
        "uploads": arguments.uploads,
        "seconds": round(seconds, 1),
        "accuracy": {
            name: {"before": _accuracy(shipped.load(BATCH), part), "after": _accuracy(model, part)}
            for name, part in parts.items()
        },
    }
    text = json.dumps(found, indent=1)
    print(text)
    arguments.results.write_text(text + "\n")


def _upload(digits: Digits, number: int, store: Memory) -> None:
    chosen = np.random.default_rng(0).permutation(len(digits.classes))[:number]
    pictures = [Image.fromarray(image) for image in thinned(digits.images[chosen])]
    labels = [str(digit) for digit in digits.classes[chosen]]
    labelled = [Labelled(picture, label) for picture, label in zip(pictures, labels, strict=True)]
    store.dataset.add(labelled, "correction")


def _retrained(folder: Path, store: Memory) -> Model:
    """The version that a retrain with these uploads publishes; ends the program if the gate refuses it."""
    places = {"artifacts": folder / "artifacts", "data": folder / "data", "baseline": shipped.FOLDER.absolute()}
    flags = [word for name, path in places.items() for word in (f"--{name}", str(path))]
    if subprocess.run([sys.executable, "-m", "trainer", *flags], check=False).returncode:
        sys.exit("error: the retrained model was not published")
    version = store.pointer.current()
    assert version not in (None, BASELINE)
    return load(store.versions.folder(version), store.versions.manifest(version), BATCH)


def _accuracy(model: Model, digits: Digits) -> float:
    answers = probabilities_of(model, digits.images[..., None]).argmax(axis=1)
    return float((answers == digits.classes).mean())


if __name__ == "__main__":
    main()
