"""A reference has what the answers were, and half of the streams without a change stay below its threshold."""

import numpy as np
import pytest

from export.reference import LEAST_IMAGES, farthest, reference_of
from server.models.model import Outputs
from server.models.reference import BLOCK, Reference, margins


def answers(images: int, seed: int, tilt: float = 0.0) -> tuple[Outputs, np.ndarray]:
    random = np.random.default_rng(seed)
    logits = random.normal(size=(images, 4)) * 3 + np.array([0.0, 0.0, 1.0, tilt])
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Outputs(probabilities.astype(np.float32), random.normal(size=images).astype(np.float32)), random.beta(
        2, 9, images
    )


def blocks_of(reference: Reference, found: tuple[Outputs, np.ndarray]) -> np.ndarray:
    outputs, inks = found
    assert outputs.scores is not None
    measured = {"margin": margins(outputs.probabilities), "score": outputs.scores.astype(float), "ink": inks}
    words = reference.words(outputs.probabilities.argmax(axis=1), measured)
    return reference.count(words, len(words) // BLOCK)


def test_a_reference_has_the_shares_of_the_answers_that_it_is_of() -> None:
    outputs, inks = answers(2000, 1)
    reference = reference_of(outputs, inks)
    assert reference is not None
    assert outputs.scores is not None
    assert reference.images == 2000
    assert reference.labels == tuple(np.bincount(outputs.probabilities.argmax(axis=1)).tolist())
    assert set(reference.measures) == {"margin", "score", "ink"}
    low = reference.measures["score"]
    assert low.images == tuple(int((outputs.scores <= edge).sum()) for edge in low.at_most)
    assert [round(images / 2000, 2) for images in low.images] == [0.02, 0.1, 0.3]


def test_of_too_few_images_and_of_a_model_without_a_score_no_more_is_said_than_is_known() -> None:
    outputs, inks = answers(LEAST_IMAGES, 1)
    assert reference_of(Outputs(outputs.probabilities[1:], None), inks[1:]) is None
    without = reference_of(Outputs(outputs.probabilities, None), np.ones(LEAST_IMAGES))
    assert without is not None
    assert set(without.measures) == {"margin", "ink"}
    assert without.measures["ink"].at_most == ()


def test_half_of_the_streams_without_a_change_run_as_long_as_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The world of each stream is known by as many images as the reference."""
    monkeypatch.setattr("export.reference.DRAWN", 30)
    requests, long = 10_000, 0
    for drawn in range(8):
        reference = reference_of(*answers(2000, drawn))
        assert reference is not None
        for stream in range(12):
            outputs, inks = answers(2000, 1000 + drawn * 100 + stream)
            assert outputs.scores is not None
            some = np.random.default_rng(stream).integers(2000, size=requests)
            world = Outputs(outputs.probabilities[some], outputs.scores[some]), inks[some]
            distance = farthest(blocks_of(reference, world), reference.counts, reference.images).max()
            long += distance < reference.threshold(requests)
    assert 0.35 < long / 96 < 0.65


def test_a_change_is_far_within_the_longest_window() -> None:
    reference = reference_of(*answers(4000, 1))
    assert reference is not None
    blocks = blocks_of(reference, answers(1600, 2, tilt=1.0))
    assert farthest(blocks, reference.counts, reference.images).max() > 2 * reference.threshold(100_000)
