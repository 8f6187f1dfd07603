"""The events of a job, out of the lines of a text/event-stream."""

import json
from collections.abc import AsyncIterator, Iterator

from .answers import Outcome, Progress


class Stream:
    """What was heard of one job so far, over however many connections."""

    def __init__(self, job: str) -> None:
        self.job = job
        self.last = "0"  # the event after which a new connection goes on
        self.is_over = False
        self._begin()

    def read(self, lines: Iterator[str]) -> Iterator[Progress | Outcome]:
        self._begin()
        for line in lines:
            if (event := self._take(line)) is not None:
                yield event

    async def read_async(self, lines: AsyncIterator[str]) -> AsyncIterator[Progress | Outcome]:
        self._begin()
        async for line in lines:
            if (event := self._take(line)) is not None:
                yield event

    def _begin(self) -> None:
        """Forget the half of an event with which a connection broke off."""
        self._number, self._kind, self._data = self.last, "", ""

    def _take(self, line: str) -> Progress | Outcome | None:
        """An event, if this line ends one."""
        if line:
            name, _, text = line.partition(":")
            value = text.removeprefix(" ")
            if name == "id":
                self._number = value
            elif name == "event":
                self._kind = value
            elif name == "data":
                self._data += value
            return None
        kind, data, self._kind, self._data = self._kind, self._data, "", ""
        if not data:
            return None
        self.last = self._number
        if kind != "result":
            return Progress.of(json.loads(data))
        self.is_over = True
        return Outcome.of(self.job, json.loads(data))
