"""Is the ONNX model the network that was trained? Judged by the very code that will serve it."""

import io
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from server.models.model import Images, Model, Probabilities, Scores
from server.pictures.preprocessing import Preprocessing
from server.store.errors import BrokenArtifact

PARITY_LIMIT = 1e-5  # tf2onnx's own tolerance; Keras' export is held to 1e-6
SCORE_LIMIT = 1e-4  # a product of sums, of which the weaker a network's logits the fewer digits are left
GOLDEN_IMAGES = 32
BATCH_LIMIT = 256  # the largest batch that parity is shown at
BATCH_VALUES = 256 * 64 * 64 * 3  # of a batch's pixels: of larger pictures it has fewer, but LEAST_BATCH at least
LEAST_BATCH = 32


@dataclass(frozen=True)
class Parity:
    """How far the ONNX model's answers are from the network's."""

    images: int
    max_abs_diff: float  # over the probabilities
    top1_agreement: float  # where the network's first answer is ahead of its second by more than the tolerance
    score_max_abs_diff: float = 0.0


def verify(model: Model, images: Images, probabilities: Probabilities, scores: Scores | None = None) -> Parity:
    """Compare with the network's own answers, on all images in the largest batches, on the first in 1 and 7.

    `scores` is None for a model that has none.
    Raises BrokenArtifact if they differ by more than PARITY_LIMIT, or in a top-1 answer that is no tie within it, or if
    the scores differ by more than SCORE_LIMIT.
    """
    largest = batch_for(model.preprocessing)
    model.warm_up(largest)
    found = [_difference(model, images, probabilities, scores, largest)]
    found += [_difference(model, images[: 8 * size], probabilities, scores, size) for size in (1, 7)]
    off, score_off, agreeing = zip(*found, strict=True)
    parity = Parity(len(images), max(off), min(agreeing), max(score_off))
    if parity.max_abs_diff > PARITY_LIMIT or parity.score_max_abs_diff > SCORE_LIMIT or parity.top1_agreement < 1:
        limits = f"limits {PARITY_LIMIT} and, of the score, {SCORE_LIMIT}"
        raise BrokenArtifact(f"the ONNX model is not the network that was trained: {parity}, {limits}")
    return parity


def batch_for(preprocessing: Preprocessing) -> int:
    """How many pictures are looked at once."""
    return max(LEAST_BATCH, min(BATCH_LIMIT, BATCH_VALUES // prod(preprocessing.shape)))


def _difference(
    model: Model, images: Images, probabilities: Probabilities, scores: Scores | None, size: int
) -> tuple[float, float, float]:
    """In batches of one size: the largest difference of the probabilities, of the scores, and the top-1 agreement."""
    answers, answered_scores = outputs_in_batches(model, images, size)
    probabilities = probabilities[: len(images)]
    second, first = np.partition(probabilities, -2, axis=1)[:, -2:].T
    agree = answers.argmax(axis=1) == probabilities.argmax(axis=1)
    return (
        float(np.abs(answers - probabilities).max()),
        0.0 if scores is None else float(np.abs(answered_scores - scores[: len(images)]).max()),
        float((agree | (first - second <= PARITY_LIMIT)).mean()),
    )


def in_batches(model: Model, images: Images, size: int | None = None) -> Probabilities:
    """The model's probabilities for any number of images."""
    return outputs_in_batches(model, images, size)[0]


def outputs_in_batches(model: Model, images: Images, size: int | None = None) -> tuple[Probabilities, Scores]:
    """The model's probabilities and scores for any number of images; no scores of a model that has none."""
    size = size or batch_for(model.preprocessing)
    parts = [model.predict(images[first : first + size]) for first in range(0, len(images), size)]
    probabilities = [part.probabilities for part in parts] or [np.empty((0, len(model.labels)), np.float32)]
    scores = [part.scores for part in parts if part.scores is not None] or [np.empty(0, np.float32)]
    return np.concatenate(probabilities), np.concatenate(scores)


def golden_file(images: Images, probabilities: NDArray[np.float32]) -> bytes:
    """The bytes of golden.npz: images, spread over the set, with the network's answers."""
    chosen = np.linspace(0, len(images) - 1, min(GOLDEN_IMAGES, len(images))).astype(int)
    file = io.BytesIO()
    np.savez_compressed(file, images=images[chosen], probabilities=probabilities[chosen])
    return file.getvalue()
