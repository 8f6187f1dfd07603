"""A reference counts what it says it counts, whatever is put into words on the way, and is refused where it is none."""

import json
from math import log

import numpy as np
import pytest

from server.models.reference import BLOCK, Reference, Steps, distances, ink, margins
from server.store.errors import BrokenArtifact

MEASURES = {"margin": Steps((0.25, 0.5), (10, 20)), "ink": Steps((0.125, 0.25, 0.75), (5, 30, 60))}
REFERENCE = Reference(100, (50, 30, 20), MEASURES, {1000: 10.0, 100_000: 20.0})


@pytest.mark.parametrize(
    "measures", [{}, {"score": Steps((0.5,), (9,))}, MEASURES], ids=["labels", "a score", "others"]
)
def test_shares_are_counted_in_blocks_of_consecutive_answers(measures: dict[str, Steps]) -> None:
    reference = Reference(100, (50, 30, 20), measures, {1000: 10.0})
    random = np.random.default_rng(3)
    best = random.integers(3, size=4 * BLOCK)
    measured = {
        name: random.choice([0.0, 0.125, 0.25, 0.5, 0.75, 1.0], 4 * BLOCK) for name in ("margin", "score", "ink")
    }
    counts = reference.count(reference.words(best, measured), 4)
    for block in range(4):
        mine = slice(block * BLOCK, (block + 1) * BLOCK)
        for (name, number), count in zip(reference.shares, counts[block], strict=True):
            if name == "label":
                assert count == (best[mine] == number).sum()
            else:
                assert count == (measured[name][mine] <= measures[name].at_most[number]).sum()
    assert len(reference.shares) == len(reference.counts) == counts.shape[1]


def test_the_distance_is_twice_the_log_of_the_likelihood_ratio() -> None:
    now, answers, before, images = 30, 200, 60, 900
    one = (now + before) / (answers + images)

    def likelihood(count: int, number: int, share: float) -> float:
        return count * log(share) + (number - count) * log(1 - share)

    apart = likelihood(now, answers, now / answers) + likelihood(before, images, before / images)
    together = likelihood(now, answers, one) + likelihood(before, images, one)
    found = distances(np.array([now, 0, answers]), answers, np.array([before, 0, images]), images)
    assert found[0] == pytest.approx(2 * (apart - together))
    assert list(found[1:]) == [0.0, 0.0]
    assert distances(np.array([1]), answers, np.array([0]), images)[0] > 0


def test_a_threshold_lies_between_those_that_were_found() -> None:
    assert REFERENCE.threshold(1000) == REFERENCE.threshold(10) == 10
    assert REFERENCE.threshold(10_000) == pytest.approx(15)
    assert REFERENCE.threshold(10**9) == 20


def test_ink_is_the_mean_and_of_a_large_input_of_values_spread_over_it() -> None:
    images = np.zeros((2, 28, 28, 1), np.uint8)
    images[1, :14] = 255
    assert ink(images).tolist() == [0.0, 0.5]
    assert ink(images[:0]).tolist() == []
    large = np.random.default_rng(2).integers(0, 256, (3, 300, 200, 3), np.uint8)
    assert ink(large) == pytest.approx(large.mean(axis=(1, 2, 3)) / 255, abs=0.03)


def test_the_margin_is_between_the_two_most_probable() -> None:
    assert margins(np.array([[0.125, 0.625, 0.25], [0.5, 0.0, 0.5]], np.float32)).tolist() == [0.375, 0.0]


def test_what_is_written_is_read() -> None:
    assert Reference.from_json(REFERENCE.to_json(), 3) == REFERENCE


@pytest.mark.parametrize(
    "change",
    [
        {"images": 0},
        {"images": 99},
        {"labels": [50, 50]},
        {"labels": None},
        {"thresholds": {}},
        {"thresholds": {"1000": -1}},
        {"thresholds": {"1000": float("nan")}},
        {"measures": {"ink": {"at_most": [0.5, 0.25], "images": [1, 2]}}},
        {"measures": {"ink": {"at_most": [0.5], "images": [1, 2]}}},
        {"measures": {"ink": {"at_most": [0.5], "images": [101]}}},
        {"measures": {"ink": {"at_most": [n / 20 for n in range(16)], "images": [1] * 16}}},
        {"measures": []},
    ],
    ids=str,
)
def test_what_is_no_reference_is_refused(change: dict[str, object]) -> None:
    content = json.loads(REFERENCE.to_json()) | change
    with pytest.raises(BrokenArtifact, match="reference"):
        Reference.from_json(json.dumps(content).encode(), 3)


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b"[" * 10_000])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenArtifact, match="reference"):
        Reference.from_json(data, 3)
