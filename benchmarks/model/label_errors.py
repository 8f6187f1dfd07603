"""How many wrong labels of uploads a training finds, and how many of those that it doubts are wrong.

python -m benchmarks.model.label_errors [--results FILE]

2,000 digits of MNIST's test half are uploads, 100 of them with another label in force, as if nothing had doubted them
when they came; the rest of MNIST is the base. One training as it ships, then the store is asked what waits for a look.
The uploads are plain; or of a pen that the shipped model reads worst; or all that there is, the classes begun from
nothing. It needs the train environment.
"""

import argparse
import gzip
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks import shipped
from benchmarks.mnist import FOLDER, Digits, read, thinned
from server.pictures import image
from server.store.dataset import Labelled
from server.store.memory import Memory, open_memory

UPLOADS, WRONG, FIRST = 2000, 100, 20
CASES = ("plain", "a thin pen", "begun from nothing")
REACH = 0.8  # precision and recall at least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results/label_errors.json"))
    arguments = parser.parse_args()
    found = {}
    for case in CASES:
        with tempfile.TemporaryDirectory(prefix="relearn-bench-") as folder:
            found[case] = _found(case, Path(folder))
        print(case, found[case], flush=True)
    arguments.results.write_text(json.dumps({"uploads": UPLOADS, "wrong": WRONG, "found": found}, indent=1) + "\n")
    if any(figures[name] < REACH for figures in found.values() for name in ("precision", "recall")):
        sys.exit(f"error: precision and recall are to be {REACH} at least")


def _found(case: str, folder: Path) -> dict[str, float]:
    random = np.random.default_rng(0)
    digits = read("test")
    order = random.permutation(len(digits.classes))
    chosen, others = order[:UPLOADS], order[UPLOADS:]
    images, true = digits.images[chosen], digits.classes[chosen].astype(int)
    images = thinned(images) if case == "a thin pen" else images
    given = true.copy()
    given[:WRONG] = (true[:WRONG] + random.integers(1, 10, WRONG)) % 10
    begins = case == "begun from nothing"
    baseline = folder / "none" if begins else shipped.FOLDER.absolute()
    store = open_memory(folder / "artifacts", folder / "data", "digits", baseline)
    if begins:
        store.classes.begin([str(digit) for digit in range(10)], "a benchmark")
    else:
        _write_base(folder / "base", Digits(digits.images[others], digits.classes[others]))
    pictures = [Image.fromarray(each) for each in images]
    store.dataset.add([Labelled(*each) for each in zip(pictures, map(str, given), strict=True)], "upload")
    _train(folder, baseline)
    hashes = [image.pixels_sha256(image.pixels(each)) for each in pictures]
    return _figures(store, hashes, true, given)


def _figures(store: Memory, hashes: list[str], true: NDArray[np.int64], given: NDArray[np.int64]) -> dict[str, float]:
    place_of = {sha256: place for place, sha256 in enumerate(hashes)}
    doubted = [(place_of[each.sha256], each.suspected) for each in store.browser.suspects(UPLOADS)]
    right = [bool(true[place] != given[place]) for place, _ in doubted]
    meant = [wrong and str(true[place]) == label for wrong, (place, label) in zip(right, doubted, strict=True)]
    return {
        "doubted": len(doubted),
        "precision": round(sum(right) / max(1, len(right)), 3),
        "recall": round(sum(right) / WRONG, 3),
        f"wrong among the first {FIRST}": sum(right[:FIRST]),
        "the label that is offered is the true one": round(sum(meant) / max(1, sum(right)), 3),
    }


def _write_base(folder: Path, test: Digits) -> None:
    """MNIST with another test half, as IDX."""
    folder.mkdir()
    for name in ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"):
        (folder / name).symlink_to((FOLDER / name).absolute())
    for name, values in (("images-idx3", test.images), ("labels-idx1", test.classes)):
        head = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
        (folder / f"t10k-{name}-ubyte.gz").write_bytes(gzip.compress(head + values.tobytes(), 1))


def _train(folder: Path, baseline: Path) -> None:
    """One training as it ships, whatever its gate says."""
    places = {"artifacts": folder / "artifacts", "data": folder / "data", "dataset": folder / "base"}
    places["baseline"] = baseline
    flags = [word for name, path in places.items() for word in (f"--{name}", str(path))]
    subprocess.run([sys.executable, "-m", "trainer", *flags], check=False, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
