"""The transport of one connection: what is written to it, whether the client reads that, and whether we read."""

import asyncio

from server.settings import Settings
from server.web.deadline import Deadline

Address = tuple[str, int]


class Wire:
    """A client that for so long reads nothing of what is written, or too little, is cut off, whatever else it does."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, settings: Settings) -> None:
        self.client = _address(transport.get_extra_info("peername"))
        self.server = _address(transport.get_extra_info("sockname"))
        self._transport = transport
        self._loop = loop
        self._seconds = settings.answer_seconds
        self._pace = settings.pace_limit_bytes  # a second
        self._deadline = Deadline(loop, self._look)
        self._unread_bytes = 0  # when it was last looked at
        self.is_reading = True
        self._is_closing = False
        self.behind: asyncio.Future[None] | None = None  # while the client has more to read than should wait

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    async def writable(self) -> None:
        """Wait while the client is behind."""
        while self.behind is not None:
            await asyncio.shield(self.behind)

    def read(self, on: bool) -> None:
        """Whether what the client sends is taken in."""
        if on != self.is_reading and not self._transport.is_closing():
            self.is_reading = on
            if on:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def pause(self) -> None:
        """The client is behind."""
        if self.behind is None:
            self.behind = self._loop.create_future()
            self._watch()

    def resume(self) -> None:
        """It is no more, or gone."""
        if self.behind is not None:
            self.behind.set_result(None)
            self.behind = None
            if not self._is_closing:
                self._deadline.clear()

    def hurry(self, seconds: float) -> None:
        """Wait for its reading no longer than this from now on."""
        self._seconds = min(self._seconds, seconds)
        if self.behind is not None or self._is_closing:
            self._watch()

    def finish(self) -> None:
        """Tell the client that nothing more is written; it may still send."""
        if not self._transport.is_closing():
            self._transport.write_eof()

    def close(self) -> None:
        """Close as soon as the client has read what is written."""
        self._is_closing = True
        self._transport.close()
        self._watch()

    def release(self) -> None:
        """The connection is no more."""
        self._deadline.cancel()
        self.resume()

    def _watch(self) -> None:
        self._unread_bytes = self._transport.get_write_buffer_size()
        self._deadline.set(self._loop.time() + self._seconds)

    def _look(self) -> None:
        read = self._unread_bytes - self._transport.get_write_buffer_size()
        if read < self._pace * self._seconds:
            self._transport.abort()
        else:
            self._watch()


def _address(name: object) -> Address | None:
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else None
