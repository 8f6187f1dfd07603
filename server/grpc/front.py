"""What every call passes: request id, record, guard, limits, errors; the same as over HTTP (web/front.py).

A call is admitted as its like over HTTP would be, and the log and the metrics have it with the status of that.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any
from urllib.parse import unquote

import grpc

from server.settings import Settings
from server.web.access import CLIENT_LEFT, AccessLog, Record, RequestIds
from server.web.budget import Budget, Share
from server.web.errors import TOLD, BodyTimeout, Malformed, refusal_of, told
from server.web.guard import Guard

RECEIVE_SECONDS = 30.0  # for a message to arrive

# What gRPC says where HTTP says that.
CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    405: grpc.StatusCode.UNIMPLEMENTED,
    408: grpc.StatusCode.DEADLINE_EXCEEDED,
    409: grpc.StatusCode.FAILED_PRECONDITION,
    412: grpc.StatusCode.FAILED_PRECONDITION,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    414: grpc.StatusCode.RESOURCE_EXHAUSTED,
    415: grpc.StatusCode.INVALID_ARGUMENT,
    422: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    431: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    502: grpc.StatusCode.UNAVAILABLE,
    503: grpc.StatusCode.UNAVAILABLE,
    507: grpc.StatusCode.RESOURCE_EXHAUSTED,
}

logger = logging.getLogger("relearn")

Headers = list[tuple[bytes, bytes]]


@dataclass
class Call:
    """One call, as far as it is known before its message is read."""

    record: Record
    admit: Callable[[str, str], None]  # the method and the path of its like over HTTP; raises what the guard raises
    log: AccessLog  # of the model that is asked: the default's, unless the message names another


Handle = Callable[[bytes, Call], Awaitable[bytes]]


class Front:
    """Makes of what answers a message what grpc calls."""

    def __init__(self, settings: Settings, guard: Guard, log: AccessLog, ids: RequestIds, budget: Budget) -> None:
        self._host = settings.host.encode()
        self._limit_bytes = settings.body_limit_bytes
        self._guard = guard
        self._log = log
        self._ids = ids
        self._budget = budget
        self.answering = asyncio.Event()  # while it is clear, answers are held back
        self.answering.set()

    def handler(self, path: str, handle: Handle) -> grpc.RpcMethodHandler:
        """One that reads the message by itself, so that nobody is waited for without end."""
        return grpc.stream_unary_rpc_method_handler(partial(self._answer, path, handle))

    async def _answer(self, path: str, handle: Handle, _: object, context: Any) -> bytes:
        headers = self._headers(context)
        client, by_name = _address(context.peer()), dict(headers)
        record = Record("POST", path.encode(), path, self._ids.of(by_name), perf_counter(), client=client)
        scope = {"client": (client, 0), "headers": headers, "headers_by_name": by_name}

        def admit(method: str, path: str) -> None:
            record.by = self._guard.admit(scope | {"method": method, "path": path})

        share, call = Share(self._budget), Call(record, admit, self._log)
        context.set_trailing_metadata((("x-request-id", record.request_id),))
        try:
            answer = await handle(await self._message(context, share), call)
            await self.answering.wait()
            record.status = 200
            return answer
        except TOLD as error:
            await self._refuse(error, record, context)
            raise  # which grpc did already
        except asyncio.CancelledError:  # who called has left, or does not wait any longer
            record.status = CLIENT_LEFT
            raise
        except Exception as fault:
            logger.exception("request %s failed: %s: %r", record.request_id, path, fault)
            await self._refuse(told(fault, record.request_id), record, context)
            raise
        finally:
            share.give_back()
            record.seconds = perf_counter() - record.started
            call.log.add(record)

    def _headers(self, context: Any) -> Headers:
        """What the call brings along; no page speaks gRPC, so no rebound name of a host can come with it."""
        given = [
            (name.encode(), value if isinstance(value, bytes) else value.encode("latin-1", "replace"))
            for name, value in context.invocation_metadata()
            if name != "host"
        ]
        return [*given, (b"host", self._host)]

    async def _message(self, context: Any, share: Share) -> bytes:
        try:
            async with asyncio.timeout(RECEIVE_SECONDS):
                message: bytes | object = await context.read()
        except TimeoutError:
            raise BodyTimeout(f"no whole message has arrived within {RECEIVE_SECONDS:g} s") from None
        if not isinstance(message, bytes):
            raise Malformed(f"the call has no message, or one of over {self._limit_bytes:,} bytes")
        share.take(len(message))
        return message

    async def _refuse(self, error: Exception, record: Record, context: Any) -> None:
        """End the call with an error; raises what tells grpc so."""
        record.status, word, _ = refusal_of(error)
        metadata = (("x-request-id", record.request_id), ("code", word))
        await context.abort(CODES[record.status], str(error), metadata)


def _address(peer: str) -> str:
    """The client's address: gRPC has ipv4:127.0.0.1:80, and ipv6:%5B::1%5D:80."""
    kind, _, place = unquote(peer).partition(":")
    return place.rpartition(":")[0].strip("[]") if kind in ("ipv4", "ipv6") else "-"
