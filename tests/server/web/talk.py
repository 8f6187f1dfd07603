"""A protocol and a transport without a socket: what is sent in which pieces, and what was answered."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

from server.settings import Settings
from server.web.access import AccessLog, RequestIds
from server.web.terms import TERMS, Terms

Asked = tuple[str, str, bytes]


class Talk(NamedTuple):
    """What the application was asked, what the client was answered, and whether the connection ended."""

    asked: list[Asked]
    answered: bytes
    ended: bool


class Pipe(asyncio.Transport):
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.has_ended = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self if name == "socket" else default

    def fileno(self) -> int:
        return 9

    def getpeername(self) -> tuple[str, int]:
        return ("127.0.0.1", 5)

    getsockname = getpeername

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.has_ended:
            self.written += bytes(data)

    def close(self) -> None:
        self.has_ended = True

    write_eof = abort = close

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def echo(asked: list[Asked]) -> ASGIApp:
    """An application that answers with the body that it was sent, and keeps what it was asked."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        message: Message = {"more_body": True}
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
        asked.append((scope["method"], scope["path"], body))
        length = str(len(body)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": body})

    return application


def terms() -> Terms:
    log = AccessLog(lambda _: (), lambda _: None)
    return Terms(Settings(), log, RequestIds("0"), asyncio.Event())


def talk(pieces: list[bytes], protocol_class: Callable[..., Any], application: ASGIApp, asked: list[Asked]) -> Talk:
    """Send pieces, each once all that the one before it began is done."""

    async def run() -> Talk:
        state, pipe = ServerState(), Pipe()
        config = Config(application, ws="none", lifespan="off", log_config=None, log_level="critical")
        config.load()
        protocol = protocol_class(config, state, {TERMS: terms()}, asyncio.get_running_loop())
        protocol.connection_made(pipe)
        for piece in pieces:
            if not pipe.has_ended:
                protocol.data_received(piece)
            await settle(pipe)
        ended = pipe.has_ended
        protocol.connection_lost(None)
        await settle(pipe)
        return Talk(asked, pipe.written, ended)

    return asyncio.run(run())


async def settle(pipe: Pipe) -> None:
    """Let everything happen that waits for no more bytes."""
    unchanged, before = 0, len(pipe.written)
    while unchanged < 6:  # turns that an echo takes at most before it writes
        await asyncio.sleep(0)
        unchanged, before = (unchanged + 1 if len(pipe.written) == before else 0), len(pipe.written)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = [0, *sorted({place % len(data) for place in places} - {0}), len(data)]
    return [data[start:end] for start, end in pairwise(ends)]
