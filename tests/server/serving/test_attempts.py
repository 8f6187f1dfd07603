"""What a version that is tried does not answer, the one behind it does: the caller hears of an answer only."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any

import numpy as np
import pytest

from server.models.model import Outputs
from server.serving.attempts import LATE_SECONDS, Attempts, Fault, problem_in, problem_of
from server.serving.batcher import Batcher, QueueFull, QueueTimeout
from server.serving.prediction import Prediction

ROW = np.zeros((2, 2, 1), np.uint8)
PATIENCE_SECONDS = 60.0  # a bound for a slow machine, not an expectation


def in_a_loop(test: Callable[..., Coroutine[None, None, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(**given: Any) -> None:
        asyncio.run(asyncio.wait_for(test(**given), PATIENCE_SECONDS))

    return run


def answering(name: str, value: float = 0.5) -> Callable[[np.ndarray], Sequence[Prediction]]:
    model: Any = name
    return lambda images: [Prediction(model, 0, np.full(2, value, np.float32), None) for _ in images]


def failing(_: np.ndarray) -> Sequence[Prediction]:
    raise RuntimeError("no kernel")


def queues(
    run: Callable[[np.ndarray], Sequence[Prediction]],
    queue_limit: int = 8,
    room_behind: int = 8,
    is_patient: bool = False,
    timeout_seconds: float = 5.0,
) -> tuple[Attempts, list[str]]:
    problems: list[str] = []
    behind = Batcher(answering("current"), lambda: False, 4, room_behind, 5.0)

    def note(fault: Fault, problem: str) -> None:
        problems.append(problem)
        assert (fault is Fault.FAILED) == problem.startswith("it failed")

    return Attempts(behind, note, run, lambda: False, 4, queue_limit, timeout_seconds, is_patient), problems


async def ask(attempts: Attempts, rows: int = 1) -> list[Any]:
    answer = await attempts.submit([ROW] * rows)
    return [each.model for each in answer.results]


@pytest.mark.parametrize(
    ("run", "problem"),
    [
        (failing, "it failed: no kernel"),
        (answering("canary", float("nan")), "its answers are not probabilities"),
        (answering("canary", 3.0), "its answers are not probabilities"),
    ],
)
@in_a_loop
async def test_a_request_that_it_fails_is_answered_by_the_current_version(
    run: Callable[[np.ndarray], Sequence[Prediction]], problem: str
) -> None:
    attempts, problems = queues(run)
    assert await ask(attempts, 3) == ["current"] * 3
    assert problems == [problem]
    assert not attempts.waiting_for


@in_a_loop
async def test_what_it_answers_is_its_own() -> None:
    attempts, problems = queues(answering("canary"))
    assert await ask(attempts, 3) == ["canary"] * 3
    assert not problems


@in_a_loop
async def test_a_full_queue_of_its_own_refuses_nobody() -> None:
    attempts, problems = queues(answering("canary"), queue_limit=1)
    assert await ask(attempts, 2) == ["current"] * 2
    assert not problems


@in_a_loop
async def test_there_is_always_room_behind_it() -> None:
    attempts, _ = queues(failing, room_behind=1)
    assert await asyncio.gather(*(ask(attempts) for _ in range(4))) == [["current"]] * 4


@in_a_loop
async def test_one_that_waits_too_long_is_given_to_the_current_version(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts, _ = queues(answering("canary"))
    attempts._busy = True  # no batch is run
    waiting = asyncio.ensure_future(ask(attempts))
    await asyncio.sleep(0)
    assert attempts.hurry() == 0
    later = asyncio.get_running_loop().time() + 2 * LATE_SECONDS
    monkeypatch.setattr("server.serving.attempts.monotonic", lambda: later)
    assert attempts.hurry() == 1
    assert await waiting == ["current"]


@in_a_loop
async def test_a_caller_that_left_is_waited_for_no_more() -> None:
    attempts, _ = queues(answering("canary"))
    attempts._busy = True
    future = attempts.submit([ROW])
    future.cancel()
    assert attempts.hurry() == 0
    assert not attempts.waiting_for


@in_a_loop
async def test_a_patient_one_is_full_as_any() -> None:
    attempts, problems = queues(answering("new"), queue_limit=1, is_patient=True)
    with pytest.raises(QueueFull):
        await ask(attempts, 2)
    assert not attempts.waiting_for
    assert not problems


@in_a_loop
async def test_a_patient_one_keeps_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts, _ = queues(answering("new"), is_patient=True)
    attempts._busy = True  # no batch is run
    waiting = asyncio.ensure_future(ask(attempts))
    await asyncio.sleep(0)
    later = asyncio.get_running_loop().time() + 2 * LATE_SECONDS
    monkeypatch.setattr("server.serving.attempts.monotonic", lambda: later)
    assert attempts.hurry() == 0
    attempts._pass()
    assert await waiting == ["new"]


@in_a_loop
async def test_a_patient_one_says_that_the_wait_was_too_long() -> None:
    attempts, problems = queues(answering("new"), is_patient=True, timeout_seconds=0.0)
    with pytest.raises(QueueTimeout):
        await ask(attempts)
    assert not attempts.waiting_for
    assert not problems


@pytest.mark.parametrize("wrong", [None, "probabilities", "score"])
def test_of_a_batch_the_first_problem_is_found_that_one_by_one_would_be(wrong: str | None) -> None:
    probabilities, scores = np.full((5, 2), 0.5, np.float32), np.zeros(5, np.float32)
    if wrong == "probabilities":
        probabilities[3, 0], scores[4] = np.nan, np.inf
    elif wrong == "score":
        scores[2], probabilities[3, 0] = np.nan, 0.7
    model: Any = "version"
    answers = zip(probabilities, scores, strict=True)
    problems = [problem_of(Prediction(model, 0, *each)) for each in answers]
    first = next(((problem, place) for place, problem in enumerate(problems) if problem), (None, 5))
    assert problem_in(Outputs(probabilities, scores)) == first
    assert problem_in(Outputs(probabilities[:2], None)) == (None, 2)
