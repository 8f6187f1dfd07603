"""Pixels in binary go the short way, in pieces, and are answered as on the long one; all else is left to that."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmarks import shipped
from server.inference.answering import answered
from server.inference.many import ManyExpress, ManyRide
from server.inference.request import Asked, all_outputs
from server.models.model import Model
from server.observe.tick import Tick
from server.predict.express import Refusals, Shared
from server.serving.predictor import Predictor
from server.settings import Settings
from server.web.access import CLIENT_LEFT, AccessLog, Record, RequestIds
from server.web.budget import Budget
from tests.server.predict.line import Line

PATH = "/v2/models/digits/infer"
IMAGES = np.random.default_rng(1).integers(0, 256, (300, 28, 28, 1), np.uint8)


class Serves:
    """What serves, and from when on it is another version."""

    problem = None

    def __init__(self) -> None:
        self.models = [shipped.load(32), shipped.load(32)]
        self.models[1].version = "9"
        for each in self.models:
            each.turn_images = 128
        self.model: Model = self.models[0]


class Told:
    """A lane that was asked once: what it answered and noted."""

    def __init__(self, budget_bytes: int) -> None:
        self.line = Line()
        self.records: list[Record] = []
        self.was_taken = False
        self.serves = Serves()
        self.budget = Budget(budget_bytes)


def request(images: np.ndarray = IMAGES, **changes: object) -> tuple[dict[bytes, bytes], bytes]:
    """Headers and body of a binary request."""
    image = {"name": "image", "shape": images.shape, "datatype": "UINT8"}
    content = {"inputs": [image | {"parameters": {"binary_data_size": images.size}}]}
    head = json.dumps(content | {"parameters": {"binary_data_output": True}} | changes).encode()
    return {b"inference-header-content-length": b"%d" % len(head)}, head + images.tobytes()


def asked(
    headers: dict[bytes, bytes],
    body: bytes,
    meanwhile: Callable[[Told, ManyRide, Predictor], None] = lambda *_: None,
    budget_bytes: int = 2**20,
    **settings: Any,
) -> Told:
    """How the lane answers; `meanwhile` is called after each turn of the loop."""
    told = Told(budget_bytes)

    async def run() -> None:
        made = Settings(**settings)
        threads: Any = None  # for large pictures
        predictor = Predictor(made, told.serves, threads)
        log = AccessLog(Tick([told.records.extend]).count, lambda _: None)
        shared = Shared(made, predictor, log, RequestIds("0"), Refusals(predictor), told.budget)
        ride = ManyExpress(PATH, shared).take(told.line, headers, body)
        told.was_taken = ride is not None
        async with asyncio.timeout(60):
            while ride is not None and not ride.done():
                await asyncio.sleep(0)
                meanwhile(told, ride, predictor)
        log.flush()
        assert told.budget.used_bytes == 0

    asyncio.run(run())
    return told


def test_many_pictures_are_answered_as_on_the_long_way() -> None:
    told = asked(*request(id="an id"))
    ((status, headers, body),) = told.line.answers
    (record,) = told.records
    results: Any = record.answers
    outputs = all_outputs(told.serves.model.manifest, binary=True)
    whole = answered("digits", Asked(IMAGES, outputs, "an id"), list(results))
    assert (status, body) == (200, whole.body)
    assert b"inference-header-content-length: %d\r\n" % (whole.header_bytes or 0) in headers
    assert (record.route, record.status, record.version, len(record.answers)) == (PATH, 200, "0", 300)
    expected = told.serves.model.predict(IMAGES).probabilities
    np.testing.assert_array_equal(np.stack([each.probabilities for each in record.answers]), expected)


HEADERS, BODY = request()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, BODY),
        (HEADERS, BODY[:-1]),
        (HEADERS | {b"content-encoding": b"gzip"}, BODY),
        (HEADERS | {b"accept-encoding": b"gzip"}, BODY),
        (HEADERS | {b"accept": b"application/problem+json"}, BODY),
        (HEADERS | {b"inference-header-content-length": b"9" * 20}, BODY),
        (HEADERS | {b"inference-header-content-length": b"-1"}, BODY),
        request(parameters={}),
        request(outputs=[{"name": "probabilities", "parameters": {"classification": 3}}]),
        request(inputs=[{"name": "image", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 4}}]),
    ],
)
def test_all_else_is_left_to_the_long_way(headers: dict[bytes, bytes], body: bytes) -> None:
    told = asked(headers, body)
    assert (told.was_taken, told.line.answers, told.records) == (False, [], [])


def test_what_finds_the_queue_full_is_left_to_the_long_way() -> None:
    assert not asked(*request(), queue_limit=100).was_taken


def test_a_body_is_held_within_the_budget_of_all() -> None:
    def look(told: Told, ride: ManyRide, predictor: Predictor) -> None:
        held.append(told.budget.used_bytes)

    held: list[int] = []
    asked(HEADERS, BODY, meanwhile=look)
    assert held[0] == len(BODY)
    assert not asked(HEADERS, BODY, budget_bytes=len(BODY) - 1).was_taken


def test_who_finds_the_queue_full_later_is_told_so() -> None:
    def fill(told: Told, ride: ManyRide, predictor: Predictor) -> None:
        predictor.batcher._queue_limit = 0

    told = asked(*request(), meanwhile=fill)
    ((status, headers, body),) = told.line.answers
    assert (status, told.records[0].status, told.records[0].answers) == (503, 503, ())
    assert b"retry-after" in headers
    assert b"busy" in body


def test_a_request_that_met_two_versions_is_asked_again() -> None:
    def take_over(told: Told, ride: ManyRide, predictor: Predictor) -> None:
        told.serves.model = told.serves.models[1]

    told = asked(*request(), meanwhile=take_over)
    ((status, _, body),) = told.line.answers
    assert status == 200
    assert body.startswith(b'{"model_name":"digits","model_version":"9",')
    assert told.records[0].version == "9"
    assert {each.model for each in told.records[0].answers} == {told.serves.models[1]}


def test_who_meets_another_version_again_and_again_is_told_so() -> None:
    def swing(told: Told, ride: ManyRide, predictor: Predictor) -> None:
        first, second = told.serves.models
        told.serves.model = second if told.serves.model is first else first

    told = asked(*request(), meanwhile=swing)
    ((status, _, body),) = told.line.answers
    assert status == 503
    assert b"one version after another" in body


def test_a_model_that_fails_is_told_as_any_fault() -> None:
    def fail(told: Told, ride: ManyRide, predictor: Predictor) -> None:
        def predict(_: np.ndarray) -> None:
            raise RuntimeError("no kernel")

        told.serves.model.predict = predict  # type: ignore[method-assign,assignment]

    told = asked(*request(), meanwhile=fail)
    ((status, _, body),) = told.line.answers
    assert status == 500
    assert b"no kernel" not in body


def test_a_client_that_leaves_has_nothing_more_run() -> None:
    def leave(told: Told, ride: ManyRide, predictor: Predictor) -> None:
        ride.leave()

    told = asked(*request(), meanwhile=leave)
    assert (told.line.answers, [record.status for record in told.records]) == ([], [CLIENT_LEFT])
