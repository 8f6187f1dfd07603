"""What uvicorn makes for each connection and asyncio calls: it joins a transport to a connection (connection.py).

uvicorn stays the server: it listens, keeps the Date, and at a stop asks each connection to `shutdown` and waits for
those in `connections` and `tasks`. That, and what it hands over here, is all that is taken from it.
"""

import asyncio
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from server.web.connection import Connection
from server.web.room import lack
from server.web.terms import TERMS, Terms
from server.web.wire import Wire


class Protocol(asyncio.Protocol):
    """One connection, as its transport and uvicorn see it."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._config = config
        self._server = server_state
        self._state = app_state
        self._loop = _loop or asyncio.get_running_loop()
        self._connection: Connection

    @property
    def has_asked(self) -> bool:
        """Whether a request has come over it yet."""
        return self._connection.has_asked

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        terms: Terms = self._state[TERMS]
        self._server.connections.add(self)  # type: ignore[arg-type] # uvicorn knows its own only
        wire = Wire(cast(asyncio.Transport, transport), self._loop, terms.settings)
        self._connection = Connection(self._config.loaded_app, self._server, self._state, terms, wire, self._loop)
        self._connection.open(lack(transport, len(self._server.connections), terms.settings.connection_limit))

    def data_received(self, data: bytes) -> None:
        self._connection.receive(data)

    def eof_received(self) -> bool:
        self._connection.receive_end()
        return True  # the other direction stays open

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio says why
        self._server.connections.discard(self)
        self._connection.lose()

    def shutdown(self) -> None:
        """The service stops."""
        self._connection.stop()
