"""A candidate that is as good takes over; a worse one, or one of another kind, does not."""

import numpy as np
import pytest

from export.gate import judge
from export.verify import Parity, verify
from server.artifacts import BrokenArtifact
from server.model import Model
from tests.tiny import answers, tiny_candidate, tiny_onnx

PARITY = Parity(100, 1e-7, 1.0)


def model(seed: int) -> Model:
    candidate = tiny_candidate(seed)
    return Model(candidate.manifest("digits", str(seed + 1)), candidate.contents["model.onnx"])


@pytest.fixture
def images(random: np.random.Generator) -> np.ndarray:
    return random.integers(0, 256, (2000, 28, 28, 1), np.uint8)


def test_the_first_model_must_only_beat_chance(images: np.ndarray) -> None:
    classes = answers(tiny_onnx(0), images).argmax(axis=1).astype(np.int32)
    assert judge(model(0), None, PARITY, images, classes).passed
    assert not judge(model(0), None, PARITY, images, (classes + 1) % 10).passed


def test_an_equal_model_passes_and_a_worse_one_does_not(images: np.ndarray) -> None:
    classes = answers(tiny_onnx(0), images).argmax(axis=1).astype(np.int32)
    equal = judge(model(0), model(0), PARITY, images, classes)
    assert equal.passed
    assert equal.against == "1"
    assert equal.reason is None
    worse = judge(model(1), model(0), PARITY, images, classes)
    assert not worse.passed
    assert worse.reason is not None
    assert worse.reason.startswith("refused against version 1: accuracy is 0.")


def test_the_margin_is_three_in_a_thousand(images: np.ndarray) -> None:
    current = model(0)
    classes = answers(tiny_onnx(0), images).argmax(axis=1).astype(np.int32)
    accuracy = float((answers(tiny_onnx(1), images).argmax(axis=1) == classes).mean())
    worse = judge(model(1), current, PARITY, images, classes)
    check = next(each for each in worse.checks if each.name == "accuracy")
    assert check.value == pytest.approx(accuracy)
    assert check.limit == pytest.approx(1 - 0.003)
    assert check.images == 2000


def test_parity_holds_for_the_same_network_only(images: np.ndarray) -> None:
    assert verify(model(0), images, answers(tiny_onnx(0), images)).top1_agreement == 1
    with pytest.raises(BrokenArtifact, match="not the network"):
        verify(model(0), images, answers(tiny_onnx(1), images))
    almost = answers(tiny_onnx(0), images).copy()
    almost[3, 0] += 1e-3
    with pytest.raises(BrokenArtifact, match="not the network"):
        verify(model(0), images, almost)
