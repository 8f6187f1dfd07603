"""More is asked for than can be done: the excess is refused at once, and whoever is admitted waits no longer than the
queue is long. That is counted in answers, not in seconds: it is the same on a fast machine and on one that is busy."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
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
CLIENTS = 64
QUEUE = 8  # requests
AHEAD = (
    3 * QUEUE
)  # of one that is admitted, at most: they wait, a thread has them, or they are answered and not seen yet


@dataclass(frozen=True)
class Answer:
    """What one of many requests got."""

    status: int
    headers: bytes
    body: bytes
    passed: int  # that were served while it waited


@dataclass
class Crowd:
    """Of which two come for each that was served: twice what can be done, however fast that is."""

    server: LiveServer
    request: bytes
    limit: int  # served
    served: int = 0
    answers: list[Answer] = field(default_factory=list)

    async def come(self, number: int) -> None:
        await asyncio.gather(*(self._one() for _ in range(number)))

    async def _one(self) -> None:
        answer = await self.ask()
        self.answers.append(answer)
        if answer.status == 200:
            self.served += 1
            if self.served < self.limit:
                await self.come(2)

    async def ask(self) -> Answer:
        before, address = self.served, urlsplit(self.server.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        try:
            writer.write(self.request)
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        return Answer(int(head.split(b" ")[1]), head.lower(), body, self.served - before)


def large(digits: Digits) -> bytes:
    """A request whose picture keeps a thread busy for some hundredths of a second."""
    image = Image.fromarray(255 - digits.images[0]).resize((1600, 1600))
    return post(png_of(np.asarray(image)), b"Connection: close")


@pytest.mark.long(seconds=8)
@pytest.mark.parametrize("limit", [QUEUE, 100_000])
def test_at_twice_the_capacity_the_admitted_wait_no_longer_than_the_queue(
    tmp_path: Path, digits: Digits, limit: int, record_property: Tries
) -> None:
    """With room for all of them they would wait for ever longer."""
    with LiveServer(tmp_path, "--threads-queue-limit", str(limit), "--queue-timeout-seconds", "600") as server:
        crowd = Crowd(server, large(digits), limit=100)
        asyncio.run(crowd.come(QUEUE))
        record_property("tries", len(crowd.answers))
        admitted = [answer for answer in crowd.answers if answer.status == 200]
        refused = [answer for answer in crowd.answers if answer.status != 200]
        prediction = b'"prediction":%d' % digits.classes[0]
        assert all(prediction in answer.body for answer in admitted)
        longest = max(answer.passed for answer in admitted)
        if limit == QUEUE:
            assert longest <= AHEAD
            assert {answer.status for answer in refused} == {503}
            assert all(b"retry-after: " in answer.headers for answer in refused)
            assert len(refused) > len(crowd.answers) / 4
            assert np.median([each.passed for each in refused]) < np.median([each.passed for each in admitted])
            assert asyncio.run(crowd.ask()).status == 200, "then all is as before"
        else:
            assert not refused
            assert longest > 2 * AHEAD
        assert server.get("/readyz").status_code == 200


def test_sixty_four_clients_that_ask_without_a_pause_have_their_own_answers(
    tmp_path: Path, digits: Digits, record_property: Tries
) -> None:
    pngs = [digits.png(position) for position in range(CLIENTS)]
    with LiveServer(tmp_path) as server:
        before = [server.predict(png).json()["probabilities"] for png in pngs]
        with Load(server.url, pngs, clients=CLIENTS, limit=10**6, pause_seconds=0) as load:
            load.wait_for(lambda so_far: len(so_far.replies) > 100 * CLIENTS)
        record_property("tries", len(load.replies))
        assert not load.errors
        assert {reply.status for reply in load.replies} == {200}
        for reply in load.replies:
            assert reply.content["probabilities"] == pytest.approx(before[reply.position], abs=1e-5)
        assert server.predict(pngs[0]).json()["probabilities"] == pytest.approx(before[0], abs=1e-5)
