"""The outermost layer, and the only one that every request passes: request id, record, guard, errors.

Predictions go from here straight to their endpoints; everything else goes through Starlette's router. It is the router
alone, without Starlette's application class, whose error middleware would answer before the errors could arrive here.
"""

import logging
from collections.abc import Mapping
from time import perf_counter

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.web.access import CLIENT_LEFT, AccessLog, Record, RequestIds
from server.web.body import ClientLeft, linger
from server.web.budget import Budget, Share
from server.web.errors import TOLD, MethodNotAllowed, NoSuchPath, RequestError, refusal_of, told
from server.web.guard import Guard
from server.web.lane import Lane
from server.web.shutdown import Shutdown

OPEN_METHODS = ("GET", "HEAD", "OPTIONS")

logger = logging.getLogger("relearn")


class Front:
    """The ASGI application that uvicorn runs."""

    def __init__(
        self,
        router: Router,
        predictions: Mapping[str, ASGIApp],
        guard: Guard,
        log: AccessLog,
        shutdown: Shutdown,
        ids: RequestIds,
        budget: Budget,
        lane: Lane | None = None,
    ) -> None:
        self.lane = lane  # protocol.py finds it here
        self._router = router
        self._predictions = predictions
        self._guard = guard
        self._log = log
        self._stopping = shutdown.stopping
        self._ids = ids
        self._budget = budget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self  # so that the router raises its 404 and 405 instead of answering them
        if scope["type"] != "http":
            await self._router(scope, receive, send)
            return
        headers = dict(scope["headers"])
        method, path = scope["method"], scope["path"]
        record = Record(method, scope["raw_path"], "none", self._ids.of(headers), perf_counter())
        own_headers = [
            (b"x-request-id", record.request_id.encode()),
            (b"x-content-type-options", b"nosniff"),
        ]

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                message["headers"] = [*message["headers"], *own_headers]
                if self._stopping.is_set():
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        scope["headers_by_name"] = headers
        scope["record"] = record
        share = scope["share"] = Share(self._budget)
        try:
            if method == "POST" and path in self._predictions:
                record.route = path
                await self._predictions[path](scope, receive, answer)
            else:
                if method not in OPEN_METHODS:
                    self._guard.check(headers)
                await self._router(scope, receive, answer)
        except TOLD as error:
            await refuse(error, scope, receive, answer)
        except HTTPException as error:
            await refuse(_routing_error(error, scope), scope, receive, answer)
        except ClientLeft:
            record.status = CLIENT_LEFT
        except Exception as fault:
            logger.exception("request %s failed: %s %s", record.request_id, method, scope["raw_path"])
            if not record.status:
                await refuse(told(fault, record.request_id), scope, receive, answer)
        finally:
            share.give_back()
            if "route" in scope:
                record.route = scope["route"].path
            record.seconds = perf_counter() - record.started
            self._log.add(record)


async def refuse(error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with an error, all in one shape; what the client still sends is dropped, so that it can hear it."""
    status, code, headers = refusal_of(error)
    response = JSONResponse({"error": str(error), "code": code}, status, headers)
    if scope["method"] in OPEN_METHODS or "body_read" in scope:
        await response(scope, receive, send)
        return
    if status in (408, 413, 503):
        response.headers["connection"] = "close"
    await send({"type": "http.response.start", "status": status, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": response.body, "more_body": True})
    await linger(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _routing_error(error: HTTPException, scope: Scope) -> RequestError:
    """Starlette's own 404 and 405 as ours."""
    path = scope["path"][:100]
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        return MethodNotAllowed(f"{scope['method']} is not for {path}; use {allowed}", {"Allow": allowed})
    return NoSuchPath(f"there is nothing at {path}; the README lists the calls")
