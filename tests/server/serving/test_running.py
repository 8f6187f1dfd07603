"""A block is answered as its images are one by one in batches, to the bit, and brings along the same."""

from dataclasses import dataclass

import numpy as np
import pytest

from benchmarks import shipped
from server.models.model import Model
from server.serving.keeping import Keeping
from server.serving.prediction import Predictions
from server.serving.running import Running

IMAGES = np.random.default_rng(3).integers(0, 256, (300, 28, 28, 1), np.uint8)


@dataclass
class Serves:
    model: Model


@pytest.mark.parametrize("collects", [False, True])
@pytest.mark.parametrize("measures_ink", [False, True])
def test_a_block_is_answered_as_its_images_are_in_batches(collects: bool, measures_ink: bool) -> None:
    keeping = Keeping(collects)
    running = Running(Serves(shipped.load(32)), keeping, measures_ink)
    rows = [each for start in range(0, len(IMAGES), 32) for each in running(IMAGES[start : start + 32])]
    keeping.let_go()
    block = running.block(IMAGES)
    assert isinstance(block, Predictions)
    for one, other in zip(block, rows, strict=True):
        assert (one.model, one.best, one.score, one.ink) == (other.model, other.best, other.score, other.ink)
        np.testing.assert_array_equal(one.probabilities, other.probabilities)
        assert (one.model_input is not None) is collects
        np.testing.assert_array_equal(one.model_input, other.model_input)
    assert (rows[0].ink >= 0) is (measures_ink and not collects)
    if collects:
        assert block.inputs is not None
        assert not np.shares_memory(block.inputs, IMAGES)
