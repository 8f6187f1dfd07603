"""The test pictures, sent in pieces to a server whose versions take turns: whose each answer was, and to what."""

import re
from typing import NamedTuple

from benchmarks.service import client, images, servers

CONNECTIONS = 8
PIECE_SECONDS = 0.5
_VERSION = re.compile(rb'"model_version":"(\d+)"')
_ID = re.compile(rb"x-request-id: (\S+)", re.IGNORECASE)


class Answer(NamedTuple):
    """One answer: when it came, in perf_counter seconds, whose it was, and to which of the test pictures."""

    came: float
    version: str
    request_id: str
    picture: int


class Stream:
    """The test pictures in turn, piece by piece."""

    def __init__(self, ours: servers.Server) -> None:
        self.runs: list[client.Run] = []
        self._ours = ours
        self._next = 0

    def load(self, rate: float | None = None) -> list[Answer]:
        """What came in a piece of time."""
        every = images.multipart()
        first, requests = self._next, every[self._next :] + every[: self._next]
        seen = client.load(self._ours.address, requests, CONNECTIONS, PIECE_SECONDS, rate, keeps_answers=True)
        self.runs.append(seen)
        self._next = (first + len(seen.samples) + seen.lost) % len(every)
        return [_answer(each, (first + each.request) % len(every)) for each in seen.answered]

    @property
    def failed(self) -> int:
        """Requests that were refused, or lost. What a spoilt version says wrongly is its own."""
        return sum(run.lost + len(run.samples) - len(run.answered) for run in self.runs)


def _answer(sample: client.Sample, picture: int) -> Answer:
    version, request_id = _VERSION.search(sample.answer), _ID.search(sample.answer)
    assert version is not None, sample.answer
    assert request_id is not None, sample.answer
    return Answer(sample.started + sample.seconds, version[1].decode(), request_id[1].decode(), picture)
