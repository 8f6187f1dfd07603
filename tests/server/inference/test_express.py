"""One picture's pixels go the short way, and are answered as on the long one; all else is left to that."""

import asyncio
from typing import Any

import numpy as np
import pytest

from benchmarks import shipped
from server.inference.answering import answered
from server.inference.express import TensorExpress
from server.inference.request import Asked, Output
from server.observe.tick import Tick
from server.predict.express import Refusals, Shared
from server.serving.predictor import Held, Predictor
from server.settings import Settings
from server.web.access import AccessLog, Record, RequestIds
from server.web.budget import Budget
from tests.server.predict.line import Line

RAW = {b"inference-header-content-length": b"0"}
PIXELS = np.random.default_rng(1).integers(0, 256, (28, 28, 1), np.uint8)


def asked(headers: dict[bytes, bytes], body: bytes, **settings: Any) -> tuple[Line, list[Record], bool]:
    """How a lane answers a request, what it notes of it, and whether it took it."""
    line, records = Line(), list[Record]()

    async def run() -> bool:
        made = Settings(**settings)
        threads: Any = None  # for large pictures
        predictor = Predictor(made, Held(shipped.load(32)), threads)
        log = AccessLog(Tick([records.extend]).count, lambda _: None)
        shared = Shared(made, predictor, log, RequestIds("0"), Refusals(predictor), Budget(0))
        ride = TensorExpress("/v2/models/digits/infer", shared).take(line, headers, body)
        async with asyncio.timeout(60):
            while ride is not None and not ride.done():  # noqa: ASYNC110 - a ride has no event
                await asyncio.sleep(0.01)
        log.flush()
        return ride is not None

    return line, records, asyncio.run(run())


def test_a_picture_is_answered_as_on_the_long_way() -> None:
    line, records, was_taken = asked(RAW, PIXELS.tobytes())
    assert was_taken
    ((status, headers, body),) = line.answers
    (record,) = records
    (said,) = record.answers
    outputs = tuple(Output(name, binary=True) for name in shipped.manifest().outputs)
    prediction: Any = said
    whole = answered("digits", Asked((), outputs), [prediction])
    assert (status, body) == (200, whole.body)
    assert b"inference-header-content-length: %d\r\n" % (whole.header_bytes or 0) in headers
    assert (record.route, record.status, record.batch_size) == ("/v2/models/digits/infer", 200, 1)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, PIXELS.tobytes()),
        ({b"inference-header-content-length": b"00"}, PIXELS.tobytes()),
        (RAW, PIXELS.tobytes()[1:]),
        (RAW | {b"content-encoding": b"gzip"}, PIXELS.tobytes()),
    ],
)
def test_all_else_is_left_to_the_long_way(headers: dict[bytes, bytes], body: bytes) -> None:
    line, records, was_taken = asked(headers, body)
    assert (line.answers, records, was_taken) == ([], [], False)


@pytest.mark.parametrize("headers", [RAW, {}, {b"inference-header-content-length": b"190"}])
def test_a_full_queue_is_told_in_the_words_of_all_refusals(headers: dict[bytes, bytes]) -> None:
    line, records, was_taken = asked(headers, PIXELS.tobytes(), queue_limit=0)
    assert was_taken
    ((status, lines, body),) = line.answers
    assert (status, records[0].status) == (503, 503)
    assert b"content-type: application/json\r\n" in lines
    assert b"retry-after" in lines
    assert b"busy" in body
