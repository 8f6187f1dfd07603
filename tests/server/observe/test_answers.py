"""What the model said is counted as it was said, whichever model it was."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from server.models.reference import ink
from server.observe.answers import CONFIDENCES, answers_in, said_in
from server.observe.crew import Crew
from server.observe.metrics import Metrics
from server.serving.prediction import Predictions
from server.store.days import Answered
from server.web.access import Record


@dataclass(frozen=True)
class Model:
    labels: tuple[str, ...]
    score_threshold: float | None = 0.5


class Prediction(NamedTuple):
    model: Model
    best: int
    probabilities: NDArray[np.float32]
    score: np.float32 | None
    ink: float = -1.0
    model_input: NDArray[np.uint8] | None = None


def record(*answers: Prediction) -> Record:
    return Record("POST", b"/predict", "/predict", "1", 0.0, 200, batch_size=len(answers), answers=answers)


def answer(model: Model, *probabilities: float, score: float | None = 0.9) -> Prediction:
    row = np.array(probabilities, np.float32)
    return Prediction(model, int(row.argmax()), row, None if score is None else np.float32(score))


def test_answers_are_counted_by_label_confidence_and_familiarity() -> None:
    model = Model(("cat", "dog"))
    sure, unsure = answer(model, 0.0, 1.0), answer(model, 0.25, 0.75)
    said = said_in(answers_in([record(unsure, answer(model, 1.0, 0.0, score=0.1)), record(sure)]))
    assert said.labels == {"dog": Answered(2, 1.75, 2, 0), "cat": Answered(1, 1.0, 1, 1)}
    assert said.answers == 3
    assert said.confidence == pytest.approx(2.75)
    steps = dict(zip(CONFIDENCES, said.confidences, strict=False))
    assert steps == dict.fromkeys(CONFIDENCES, 0) | {0.8: 1, 1.0: 2}
    assert (said.judged, said.unfamiliar) == (3, 1)


def test_the_ink_of_kept_pictures_is_measured_with_all_others_of_the_tick() -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (4, 8, 8, 1), np.uint8)
    kept = [answer(Model(("cat", "dog")), 0.0, 1.0)._replace(model_input=picture) for picture in pictures]
    at_once = answer(kept[0].model, 1.0, 0.0)._replace(ink=0.5)
    (answers,) = answers_in([record(*kept[:2], at_once), record(*kept[2:])])
    measured = ink(pictures).tolist()
    assert answers.inks.tolist() == [*measured[:2], 0.5, *measured[2:]]


def test_models_of_different_labels_may_have_answered_in_one_tick() -> None:
    two, three = Model(("cat", "dog")), Model(("dog", "cow", "cat"), None)
    said = said_in(answers_in([record(answer(two, 0.25, 0.75)), record(answer(three, 0.125, 0.125, 0.75, score=None))]))
    assert said.labels["dog"] == Answered(1, 0.75, 1, 0)
    assert said.labels["cat"] == Answered(1, 0.75, 0, 0)
    assert (said.answers, said.judged) == (2, 1)


def test_each_answer_knows_its_request_and_its_place_in_it() -> None:
    two, three = Model(("cat", "dog")), Model(("dog", "cow", "cat"), None)
    first, last = record(answer(two, 0.25, 0.75), answer(two, 0.75, 0.25)), record(answer(two, 0.5, 0.5))
    between = [record(), record(answer(three, 0.5, 0.25, 0.25, score=None)), record()]
    for records, expected in (
        ([record(), first, last], {two: [(first, 0), (first, 1), (last, 0)]}),
        ([first, *between, last], {two: [(first, 0), (first, 1), (last, 0)], three: [(between[1], 0)]}),
    ):
        for each in answers_in(records):
            found = [each.origin(number) for number in range(len(each.told))]
            (wanted,) = [asked for model, asked in expected.items() if model is each.model]
            assert [(id(of), place) for of, place in found] == [(id(of), place) for of, place in wanted]
            assert [of.answers[place] for of, place in found] == list(each.told)


def in_columns(answers: Sequence[Prediction]) -> Predictions:
    model: Any = answers[0].model
    return Predictions(
        model,
        np.array([each.best for each in answers]),
        np.stack([each.probabilities for each in answers]),
        np.array([each.score for each in answers], np.float32),
        np.array([each.ink for each in answers]),
        None,
    )


def test_answers_in_columns_are_counted_and_found_as_those_one_by_one() -> None:
    model = Model(("cat", "dog"))
    rows = [answer(model, share, 1 - share, score=share) for share in (0.125, 0.25, 0.75, 1.0)]
    alone, between = record(answer(model, 0.5, 0.5)), record(*rows)
    told = replace(between, answers=in_columns(rows))
    assert said_in(answers_in([alone, told, alone])) == said_in(answers_in([alone, between, alone]))
    (columns,) = [each for each in answers_in([alone, told, alone]) if each.records == [told]]
    (by_one,) = answers_in([between])
    for name in ("best", "probabilities", "margins", "scores", "inks", "is_unfamiliar"):
        np.testing.assert_array_equal(getattr(columns, name), getattr(by_one, name))
    assert [columns.origin(place) for place in range(4)] == [(told, place) for place in range(4)]


def test_records_without_answers_say_nothing() -> None:
    assert said_in(answers_in([Record("GET", b"/", "/", "1", 0.0, 200)])).answers == 0


def test_metrics_tell_what_was_said() -> None:
    metrics, model = Metrics(Crew()), Model(("cat", "dog"))
    metrics.count_answers(said_in(answers_in([record(answer(model, 0.25, 0.75), answer(model, 1.0, 0.0, score=0.1))])))
    text = metrics.exposition().decode().splitlines()
    for line in (
        'relearn_answers_total{label="dog"} 1.0',
        'relearn_confidence_bucket{le="0.8"} 1.0',
        "relearn_confidence_count 2.0",
        "relearn_confidence_sum 1.75",
        "relearn_unfamiliar_total 1.0",
    ):
        assert line in text
    answers = metrics.answers()
    assert answers["labels"] == {"cat": 1, "dog": 1}
    assert answers["unfamiliar"] == 1
