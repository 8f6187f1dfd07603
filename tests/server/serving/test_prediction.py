"""Answers in columns are the answers one by one, however they are looked at."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from server.models.reference import ink
from server.serving.prediction import Prediction, Predictions, joined, versions_of


class Version:
    """All of a model that is looked at here."""

    def __init__(self, version: str) -> None:
        self.version = version


ONE: Any = Version("1")
OTHER: Any = Version("2")


def predictions(number: int, model: Any = ONE, bare: bool = False) -> Predictions:
    random = np.random.default_rng(number)
    probabilities = random.random((number, 3), np.float32)
    columns = (random.random(number, np.float32), random.random(number), random.integers(0, 9, (number, 2), np.uint8))
    scores, ink, inputs = (None, None, None) if bare else columns
    return Predictions(model, probabilities.argmax(axis=1), probabilities, scores, ink, inputs)


def told(answers: Any) -> list[Any]:
    """As lists, which compare as a whole."""
    return [
        (each.model, each.best, each.probabilities.tolist(), each.score, each.ink, np.array(each.model_input).tolist())
        for each in answers
    ]


@pytest.mark.parametrize("bare", [False, True])
def test_a_row_is_the_same_by_its_place_and_in_turn(bare: bool) -> None:
    columns = predictions(5, bare=bare)
    in_turn = list(columns)
    assert told(columns[place] for place in range(5)) == told(in_turn)
    assert told(columns[1:4]) == told(in_turn[1:4])
    assert told([columns[-1]]) == told([in_turn[-1]])
    first = in_turn[0]
    assert isinstance(first, Prediction)
    assert (type(first.best), type(first.ink)) == (int, float)
    assert (first.score is None, first.ink == -1.0, first.model_input is None) == (bare, bare, bare)


def test_parts_of_one_model_stay_in_columns() -> None:
    parts = [predictions(3), predictions(1), predictions(4)]
    whole = joined(parts)
    assert isinstance(whole, Predictions)
    assert told(whole) == [each for part in parts for each in told(part)]
    assert versions_of(whole) == {"1"}
    assert joined(parts[:1]) is parts[0]


def test_parts_of_several_models_and_rows_among_them_are_kept_apart() -> None:
    for parts in ([predictions(2), predictions(2, OTHER)], [predictions(2), list(predictions(2, OTHER))]):
        whole = joined(parts)
        assert told(whole) == [each for part in parts for each in told(part)]
        assert versions_of(whole) == {"1", "2"}


def test_a_part_whose_pictures_found_no_room_keeps_its_ink_and_the_others_their_pictures() -> None:
    kept = replace(predictions(2), ink=None)
    whole = joined([kept, replace(predictions(3), inputs=None)])
    assert [each.model_input is None for each in whole] == [False, False, True, True, True]
    assert [each.ink < 0 for each in whole] == [True, True, False, False, False]


def test_ink_is_measured_of_what_was_kept() -> None:
    columns = predictions(4)
    assert columns.inks is columns.ink
    kept = replace(columns, ink=None)
    assert kept.inputs is not None
    assert kept.inks.tolist() == ink(kept.inputs).tolist()
    assert set(predictions(4, bare=True).inks) == {-1.0}
