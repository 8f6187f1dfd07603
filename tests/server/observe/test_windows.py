"""A change is found wherever in the answers it falls, with its share, its window and its time; otherwise nothing is."""

import numpy as np
import pytest

from server.models.reference import BLOCK, WINDOWS, Reference, Steps, Words
from server.observe.windows import POINT_BLOCKS, Windows

REFERENCE = Reference(10_000, (5000, 5000), {"ink": Steps((0.25, 0.75), (2500, 7500))}, {1000: 10.0})
THRESHOLD = 30.0


def words(answers: int, seed: int, second: float = 0.5, least: float = 0.0) -> Words:
    """Answers of which so many are `dog`, with inks from `least` to 1."""
    random = np.random.default_rng(seed)
    best = (random.random(answers) < second).astype(np.int64)
    return REFERENCE.words(best, {"ink": random.uniform(least, 1, answers)})


def watching() -> Windows:
    return Windows(REFERENCE, ("cat", "dog"), THRESHOLD, 100.0)


def test_answers_like_the_reference_are_far_from_no_alarm() -> None:
    windows = watching()
    assert windows.take(words(20_000, 1), 101.0) is None
    assert (windows.answers, len(windows.points)) == (20_000, 20_000 // (POINT_BLOCKS * BLOCK))
    assert 0 < max(windows.points) < THRESHOLD
    assert windows.moved == ()


@pytest.mark.parametrize("piece", [7, BLOCK, 333, 10_000], ids=str)
def test_a_change_is_found_with_what_moved_and_since_when_however_the_answers_come(piece: int) -> None:
    windows = watching()
    answers = np.concatenate([words(4000, 2), words(1600, 3, second=0.75)])
    found, end = None, 0
    while found is None:
        assert end < len(answers)
        found, end = windows.take(answers[end : end + piece], float(end)), end + piece
    first = found.moved[0]
    assert (first.of, first.at_most, first.reference) == ("label", None, 0.5)
    assert {moved.label for moved in found.moved[:2]} == {"cat", "dog"}
    assert abs(first.now - 0.5) > 0.1
    assert first.distance >= THRESHOLD
    assert first.answers in [window * BLOCK for window in WINDOWS]
    if piece < 1000:
        assert 4000 - first.answers - piece <= found.since < end <= 5600


def test_a_step_is_told_with_its_value() -> None:
    windows = watching()
    windows.take(words(2000, 4), 0.0)
    found = windows.take(words(1600, 5, least=0.25), 1.0)
    assert found is not None
    assert (found.moved[0].of, found.moved[0].label, found.moved[0].at_most) == ("ink", None, 0.25)
    assert found.moved[0].now < found.moved[0].reference == 0.25
    assert windows.moved[0].now == 0


def test_fewer_answers_than_the_shortest_window_say_nothing() -> None:
    windows = watching()
    assert windows.take(words(WINDOWS[0] * BLOCK - 1, 6, second=1.0), 0.0) is None
    assert windows.take(words(1, 7, second=1.0), 0.0) is not None
