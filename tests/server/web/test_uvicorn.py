"""The few names that are taken from uvicorn are still what they are taken for."""

import asyncio
import inspect
import socket
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from server.web.protocol import Protocol
from server.web.terms import TERMS
from tests.server.web.talk import terms


def test_what_all_connections_of_a_server_share_is_what_we_use() -> None:
    assert vars(ServerState()) == {"total_requests": 0, "connections": set(), "tasks": set(), "default_headers": []}
    assert list(inspect.signature(Protocol).parameters) == ["config", "server_state", "app_state", "_loop"]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)


class Seen(Protocol):
    """Ours, which notes with what uvicorn makes it, and that it is told of the end."""

    made: list[dict[str, Any]] = []  # noqa: RUF012 - uvicorn makes the objects
    stopped = 0

    def __init__(self, **given: Any) -> None:
        type(self).made.append(given)
        super().__init__(**given)

    def shutdown(self) -> None:
        type(self).stopped += 1
        super().shutdown()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        scope["state"][TERMS] = terms()
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"].endswith("shutdown"):
                return
    assert (await receive())["type"] == "http.request"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await asyncio.sleep(0.3)  # so that the end comes meanwhile
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_server_makes_tells_waits_for_and_forgets_a_connection(loop: Any) -> None:
    Seen.made, Seen.stopped = [], 0
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    config = uvicorn.Config(application, http=Seen, loop=loop, lifespan="on", log_config=None, ws="none")
    server = uvicorn.Server(config)
    answered: list[bytes] = []

    async def ask() -> None:
        await until(lambda: server.started)
        idle = await asyncio.open_connection(*address)
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await until(lambda: bool(server.server_state.tasks))
        assert len(server.server_state.connections) == 2
        server.should_exit = True
        answered.append(await reader.read())
        for each in (writer, idle[1]):
            each.close()

    async def both() -> None:
        await asyncio.gather(server.serve([listener]), ask())

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(both())
    assert b"\r\ndate: " in answered[0]
    assert answered[0].endswith(b"\r\n\r\nok")
    assert [set(given) for given in Seen.made] == [{"config", "server_state", "app_state", "_loop"}] * 2
    assert Seen.made[0]["server_state"] is server.server_state
    assert Seen.made[0]["config"].http_protocol_class is Seen
    assert Seen.stopped >= 1
    assert (server.server_state.connections, server.server_state.tasks) == (set(), set())
    assert server.server_state.total_requests == 1
    assert server.servers
