"""Is the ONNX model the network that was trained? Judged by the very code that will serve it."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.artifacts import BrokenArtifact
from server.model import Images, Model, Probabilities

PARITY_LIMIT = 1e-5  # tf2onnx's own tolerance; Keras' export is held to 1e-6
GOLDEN_IMAGES = 32
BATCH_LIMIT = 256  # the largest batch that parity is shown at


@dataclass(frozen=True)
class Parity:
    """How far the ONNX model's answers are from the network's."""

    images: int
    max_abs_diff: float
    top1_agreement: float


def verify(model: Model, images: Images, probabilities: Probabilities) -> Parity:
    """Compare with the network's own probabilities at batches of 1, 7 and BATCH_LIMIT, the last on all images.

    Raises BrokenArtifact if they differ by more than PARITY_LIMIT, or in any top-1 answer.
    """
    model.warm_up(BATCH_LIMIT)
    answers = in_batches(model, images, BATCH_LIMIT)
    for size in (1, 7):
        few = in_batches(model, images[: size * 8], size)
        answers[: len(few)] = np.where(
            np.abs(few - probabilities[: len(few)]) > np.abs(answers[: len(few)] - probabilities[: len(few)]),
            few,
            answers[: len(few)],
        )
    parity = Parity(
        len(images),
        float(np.abs(answers - probabilities).max()),
        float((answers.argmax(axis=1) == probabilities.argmax(axis=1)).mean()),
    )
    if parity.max_abs_diff > PARITY_LIMIT or parity.top1_agreement < 1:
        raise BrokenArtifact(f"the ONNX model is not the network that was trained: {parity}, limit {PARITY_LIMIT}")
    return parity


def in_batches(model: Model, images: Images, size: int) -> Probabilities:
    """The model's probabilities for any number of images."""
    parts = [model.predict(images[first : first + size]).probabilities for first in range(0, len(images), size)]
    return np.concatenate(parts) if parts else np.empty((0, len(model.labels)), np.float32)


def golden_file(images: Images, probabilities: NDArray[np.float32]) -> bytes:
    """The bytes of golden.npz: images, spread over the set, with the network's answers."""
    chosen = np.linspace(0, len(images) - 1, min(GOLDEN_IMAGES, len(images))).astype(int)
    file = io.BytesIO()
    np.savez_compressed(file, images=images[chosen], probabilities=probabilities[chosen])
    return file.getvalue()
