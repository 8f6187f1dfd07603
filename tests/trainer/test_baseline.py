"""The shipped model is what its manifest and report say: worked out anew by onnxruntime, Pillow and numpy alone.

Nothing of ours is imported here, so that a mistake in our code can't confirm itself.
"""

import gzip
import hashlib
import io
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
BASELINE = ROOT / "artifacts" / "baseline"
MANIFEST = json.loads((BASELINE / "manifest.json").read_text())
REPORT = json.loads((BASELINE / "report" / "report.json").read_text())
TEST = REPORT["metrics"]["test"]


@pytest.fixture(scope="module")
def classes() -> np.ndarray:
    data = gzip.decompress((ROOT / "data/mnist/t10k-labels-idx1-ubyte.gz").read_bytes())
    return np.frombuffer(data, np.uint8, offset=8)


@pytest.fixture(scope="module")
def outputs() -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and scores of all test images, each through a PNG file and back."""
    data = gzip.decompress((ROOT / "data/mnist/t10k-images-idx3-ubyte.gz").read_bytes())
    pictures = []
    for pixels in np.frombuffer(data, np.uint8, offset=16).reshape(-1, 28, 28):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        pictures.append(np.asarray(Image.open(file))[:, :, None])
    session = onnxruntime.InferenceSession(BASELINE / "model.onnx", providers=["CPUExecutionProvider"])
    images = np.stack(pictures)
    parts = [session.run(["probabilities", "score"], {"image": images[at : at + 500]}) for at in range(0, 10_000, 500)]
    probabilities, scores = zip(*parts, strict=True)
    return np.concatenate(probabilities), np.concatenate(scores)


def test_every_file_is_the_one_that_the_manifest_lists() -> None:
    for name, entry in MANIFEST["files"].items():
        data = (BASELINE / name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (entry["bytes"], entry["sha256"]), name
    assert MANIFEST["files"]["model.onnx"]["bytes"] < 500_000


def test_accuracy_and_confusion_are_as_reported(outputs: tuple[np.ndarray, np.ndarray], classes: np.ndarray) -> None:
    predicted = outputs[0].argmax(axis=1)
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (classes, predicted), 1)
    # Another processor may round the last bit of an answer that was a tie: one image of grace.
    assert np.abs(confusion - np.array(TEST["confusion"])).sum() <= 2
    assert (predicted == classes).mean() == pytest.approx(TEST["accuracy"], abs=1e-4)
    assert TEST["accuracy"] >= 0.995


def test_macro_figures_are_as_reported(outputs: tuple[np.ndarray, np.ndarray], classes: np.ndarray) -> None:
    predicted = outputs[0].argmax(axis=1)
    right = np.array([((predicted == each) & (classes == each)).sum() for each in range(10)])
    precision, recall = right / np.bincount(predicted, minlength=10), right / np.bincount(classes, minlength=10)
    f1 = 2 * precision * recall / (precision + recall)
    for name, values in (("precision", precision), ("recall", recall), ("f1", f1)):
        assert values.mean() == pytest.approx(TEST[name], abs=2e-4)
        assert [TEST["classes"][str(each)][name] for each in range(10)] == pytest.approx(values.tolist(), abs=2e-3)


def test_log_loss_and_calibration_are_as_reported(outputs: tuple[np.ndarray, np.ndarray], classes: np.ndarray) -> None:
    probabilities = outputs[0].astype(float)
    true = probabilities[np.arange(10_000), classes]
    assert -np.log(true.clip(1e-15)).mean() == pytest.approx(TEST["log_loss"], rel=1e-3)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == classes
    bins = np.array_split(np.argsort(confidence, kind="stable"), 15)
    error = sum(len(part) / 10_000 * abs(confidence[part].mean() - right[part].mean()) for part in bins)
    assert error == pytest.approx(TEST["calibration_error"], abs=2e-4)


def test_the_score_is_a_share_and_high_for_digits(outputs: tuple[np.ndarray, np.ndarray]) -> None:
    scores = outputs[1]
    assert scores.dtype == np.float32
    assert (scores >= 0).all()
    assert (scores <= 1 + 1e-5).all()
    assert (scores < REPORT["calibration"]["score_threshold"]).mean() < 0.03
