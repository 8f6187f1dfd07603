"""A connection over a transport in memory: the same answers however what is sent is cut, and nothing is left of it."""

import asyncio
from typing import Any, NamedTuple

import httptools
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

from server.web.access import AccessLog, RequestIds
from server.web.errors import RequestError, refusal_of
from server.web.protocol import Protocol
from server.web.terms import TERMS, Terms
from tests.fuzz.request import CUTS, SETTINGS, cut, seeds
from tests.server.web.talk import Asked, Pipe, echo, settle

__all__ = ["check", "seeds"]
REFUSED = {400, 405, 414, 431}  # of what is wrong in two ways the one that is met first is told

_runner = asyncio.Runner()


class Answers:
    """The answers in what a client received, read by a parser of its own; raises what it raises of a broken one."""

    def __init__(self, received: bytes) -> None:
        self.listed: list[tuple[int, bytes]] = []
        self._body = b""
        self._parser = httptools.HttpResponseParser(self)
        self._parser.feed_data(received)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self.listed.append((self._parser.get_status_code(), self._body))
        self._body = b""


def answering(application: ASGIApp) -> ASGIApp:
    """As web/front.py: what is raised of a request is its answer. To HEAD that is empty, for who reads it to see so."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_nothing(message: Message) -> None:
            empty = {"headers": [(b"content-length", b"0")], "body": b""}
            await send({name: empty.get(name, value) for name, value in message.items()})

        try:
            await application(scope, receive, send_nothing if scope["method"] == "HEAD" else send)
        except RequestError as error:
            status = refusal_of(error).status
            await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body"})

    return answer


class Told(NamedTuple):
    """What came of a connection."""

    asked: list[Asked]
    statuses: list[int]
    ended: bool


def check(data: bytes) -> None:
    places, sent = data[:CUTS], data[CUTS:]
    if sent:
        whole = _runner.run(told([sent]))
        assert _runner.run(told(cut(sent, places))) == whole


async def told(pieces: list[bytes]) -> Told:
    """Send pieces, each once all that the one before it began is done, and leave."""
    loop, state, pipe = asyncio.get_running_loop(), ServerState(), Pipe()
    wrong: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: wrong.append(context))
    asked: list[Asked] = []
    terms = Terms(SETTINGS, AccessLog(lambda _: (), lambda _: None), RequestIds("0"), asyncio.Event())
    config = Config(answering(echo(asked)), ws="none", lifespan="off", log_config=None)
    config.loaded_app = config.app
    protocol = Protocol(config, state, {TERMS: terms}, loop)
    protocol.connection_made(pipe)
    for piece in pieces:
        if not pipe.has_ended:
            protocol.data_received(piece)
        await settle(pipe)
    answers, ended = Answers(pipe.written).listed, pipe.has_ended
    protocol.connection_lost(None)
    await settle(pipe)
    assert not wrong, wrong
    assert not state.connections
    assert not state.tasks
    assert {status for status, _ in answers} <= {100, 200, *REFUSED}
    told = [400 if status in REFUSED else status for status, _ in answers]
    assert told.count(200) <= len(asked)
    return Told(asked, told, ended)
