"""The same seed gives the same model, bit by bit, on one machine: a run can be repeated, and compared with another."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.live import TRAINING_SECONDS
from trainer.config import Recipe
from trainer.prepare import Prepared
from trainer.replay import Replay
from trainer.train import batches

ROOT = Path(__file__).parents[2]
TRAIN = """
import sys
from pathlib import Path
import numpy as np
from tests.digits import mnist
from trainer.config import Recipe
from trainer.prepare import Prepared
from trainer.progress import Report
from trainer.run import set_threads
from trainer.train import train

set_threads()
digits = mnist("train")
images, classes = digits.images[:1000, ..., None], digits.classes[:1000].astype(np.int32)
rows = {"fit": np.arange(800), "uploads": np.arange(800, 850), "validation": np.arange(850, 1000)}
prepared = Prepared(tuple("0123456789"), images, classes, rows, (), 0)
trained = train(Recipe(epochs=3, batch_size=32, flip=True, seed=3), prepared, None, Report(None))
np.savez(sys.argv[1], *trained.model.get_weights(), np.array([list(each.values()) for each in trained.history]))
"""


@pytest.mark.long(seconds=25)
def test_two_processes_with_one_seed_come_to_the_same_weights(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.npz" for name in ("one", "other")]
    runs = [subprocess.Popen([sys.executable, "-c", TRAIN, str(file)], cwd=ROOT) for file in files]
    assert [run.wait(TRAINING_SECONDS) for run in runs] == [0, 0]
    with np.load(files[0]) as one, np.load(files[1]) as other:
        assert sum(one[name].size for name in one) > 60_000
        assert one.files == other.files
        assert [name for name in one if one[name].tobytes() != other[name].tobytes()] == []


def drawn(seed: int) -> list[np.ndarray]:
    """The images of eight batches, which are two epochs."""
    images = np.random.default_rng(0).integers(0, 256, (256, 8, 8, 1), np.uint8)
    rows = {"fit": np.arange(256), "uploads": np.empty(0, np.int64)}
    prepared = Prepared(("a", "b"), images, np.zeros(256, np.int32), rows, (), 0)
    recipe = Recipe(batch_size=64, height=8, width=8, flip=True, seed=seed)
    return [images.numpy() for images, _ in batches(recipe, prepared, Replay(prepared, 0.25, seed)).take(8)]


def test_batches_are_their_seed_s_own() -> None:
    first = drawn(1)
    assert all(np.array_equal(one, other) for one, other in zip(first, drawn(1), strict=True))
    assert not any(np.array_equal(one, other) for one, other in zip(first, drawn(2), strict=True))


def test_no_two_epochs_change_the_images_alike() -> None:
    first = drawn(1)
    assert len({images.tobytes() for batch in first for images in batch}) == 8 * 64
