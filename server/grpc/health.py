"""grpc.health.v1: how orchestrators and load balancers ask whether to send anything here.

https://github.com/grpc/grpc/blob/master/doc/health-checking.md
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc

from server.grpc.calls import NAME as INFERENCE_NAME
from server.grpc.front import Call
from server.grpc.messages import HEALTH, parsed
from server.inference.versions import unready
from server.routes.service import Service
from server.web.errors import Malformed, NoSuchPath

NAME = "grpc.health.v1.Health"
SERVING, NOT_SERVING, SERVICE_UNKNOWN = 1, 2, 3
LOOK_SECONDS = 1.0  # until a watcher hears that a model came or went; of a stop it hears at once


class Health:
    """The health of the whole, and of the one service that is here."""

    def __init__(self, service: Service, closing: asyncio.Event) -> None:
        self._service = service
        self._closing = closing  # since when nobody may watch any more

    async def check(self, message: bytes, call: Call) -> bytes:
        status = self._status(message)
        if status == SERVICE_UNKNOWN:
            raise NoSuchPath(f"there is no service of that name; {INFERENCE_NAME} is one")
        return _told(status)

    async def watch(self, message: bytes, context: Any) -> AsyncIterator[bytes]:
        """The status now, and each one after it."""
        last = await self._first(message, context)
        yield _told(last)
        while not self._closing.is_set():
            awaited = self._closing if self._service.shutdown.stopping.is_set() else self._service.shutdown.stopping
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await awaited.wait()
            status = self._status(message)
            if status != last:
                yield _told(status)
                last = status

    async def _first(self, message: bytes, context: Any) -> int:
        try:
            return self._status(message)
        except Malformed as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            raise  # which grpc did already

    def _status(self, message: bytes) -> int:
        if parsed(HEALTH["HealthCheckRequest"], message).service not in ("", INFERENCE_NAME):
            return SERVICE_UNKNOWN
        return SERVING if unready(self._service) is None else NOT_SERVING


def _told(status: int) -> bytes:
    data: bytes = HEALTH["HealthCheckResponse"](status=status).SerializeToString()
    return data
