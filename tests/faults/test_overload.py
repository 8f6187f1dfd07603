"""More is asked for than can be done: the excess is refused at once, and whoever is admitted waits no longer than the
queue is long. Bounds are in the time of one request on this machine at that moment, not in seconds."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from tests.digits import Digits, png_of
from tests.live import LiveServer
from tests.load import Load
from tests.system.test_express import post

Tries = Callable[[str, object], None]
CLIENTS, SECONDS = 64, 6.0
QUEUE = 8  # requests
TIMES = 16  # as long as the queue takes to work off: what a busy machine may add


@dataclass(frozen=True)
class Answer:
    """What one of many requests got."""

    status: int
    headers: bytes
    body: bytes
    seconds: float  # since it was due


def p99(answers: list[Answer]) -> float:
    return float(np.quantile([answer.seconds for answer in answers], 0.99))


async def ask(server: LiveServer, request: bytes, due: float) -> Answer:
    await asyncio.sleep(due - time.monotonic())
    address = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(request)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    return Answer(int(head.split(b" ")[1]), head.lower(), body, time.monotonic() - due)


async def closed_loop(server: LiveServer, request: bytes, clients: int, seconds: float) -> list[Answer]:
    """So many clients, each of which asks again once it has its answer."""
    end = time.monotonic() + seconds

    async def client() -> list[Answer]:
        answers = []
        while (now := time.monotonic()) < end:
            answers.append(await ask(server, request, now))
        return answers

    return [each for answers in await asyncio.gather(*(client() for _ in range(clients))) for each in answers]


async def open_loop(server: LiveServer, request: bytes, rate: float, seconds: float) -> list[Answer]:
    """So many requests a second, whatever becomes of those before; and then one a moment later."""
    begin = time.monotonic()
    dues = [begin + number / rate for number in range(int(rate * seconds))]
    return await asyncio.gather(*(ask(server, request, due) for due in [*dues, dues[-1] + 1.0]))


def large(digits: Digits) -> bytes:
    """A request whose picture keeps a thread busy for some hundredths of a second."""
    image = Image.fromarray(255 - digits.images[0]).resize((1600, 1600))
    return post(png_of(np.asarray(image)), b"Connection: close")


@pytest.mark.soak  # its bounds are times
@pytest.mark.parametrize("limit", [QUEUE, 100_000])
def test_at_twice_the_capacity_the_admitted_wait_no_longer_than_the_queue(
    tmp_path: Path, digits: Digits, limit: int, record_property: Tries
) -> None:
    """With room for all of them they would wait for ever longer."""
    request = large(digits)
    with LiveServer(tmp_path, "--threads-queue-limit", str(limit), "--queue-timeout-seconds", "600") as server:
        asyncio.run(closed_loop(server, request, 2, 0.5))
        alone = asyncio.run(closed_loop(server, request, 4, 3.0))
        assert {answer.status for answer in alone} == {200}
        capacity = len(alone) / 3.0
        *answers, after = asyncio.run(open_loop(server, request, 2 * capacity, SECONDS))
        record_property("tries", len(alone) + len(answers))
        admitted = [answer for answer in answers if answer.status == 200]
        refused = [answer for answer in answers if answer.status != 200]
        prediction = b'"prediction":%d' % digits.classes[0]
        assert all(prediction in answer.body for answer in admitted)
        bound = TIMES * QUEUE / capacity
        if limit == QUEUE:
            assert p99(admitted) < bound
            assert {answer.status for answer in refused} == {503}
            assert all(b"retry-after: " in answer.headers for answer in refused)
            assert len(refused) > len(answers) / 10
            assert np.median([answer.seconds for answer in refused]) < np.median([each.seconds for each in admitted])
            assert after.status == 200, "a second later all is as before"
            assert after.seconds < bound
        else:
            assert not refused
            assert p99(admitted) > bound
        assert server.get("/readyz").status_code == 200


def test_sixty_four_clients_that_ask_without_a_pause_have_their_own_answers(
    tmp_path: Path, digits: Digits, record_property: Tries
) -> None:
    pngs = [digits.png(position) for position in range(CLIENTS)]
    with LiveServer(tmp_path) as server:
        before = [server.predict(png).json()["probabilities"] for png in pngs]
        with Load(server.url, pngs, clients=CLIENTS, limit=10**6) as load:
            load.wait_for(lambda so_far: len(so_far.replies) > 100 * CLIENTS)
        record_property("tries", len(load.replies))
        assert not load.errors
        assert {reply.status for reply in load.replies} == {200}
        for reply in load.replies:
            assert reply.content["probabilities"] == pytest.approx(before[reply.position], abs=1e-5)
        assert server.predict(pngs[0]).json()["probabilities"] == pytest.approx(before[0], abs=1e-5)
