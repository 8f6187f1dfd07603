"""The outermost layer, and the only one that every request passes: request id, record, guard, errors.

Predictions go from here straight to their endpoints; everything else goes through Starlette's router. It is the router
alone, without Starlette's application class, whose error middleware would answer before the errors could arrive here.
"""

import asyncio
import logging
from http import HTTPStatus
from time import perf_counter

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Match, Route, Router
from starlette.types import Message, Receive, Scope, Send

from server.web.access import CLIENT_LEFT, Record, RequestIds
from server.web.body import ClientLeft
from server.web.budget import Budget, Share
from server.web.calls import Calls
from server.web.errors import (
    PROBLEM,
    TOLD,
    Busy,
    MethodNotAllowed,
    NoSuchPath,
    RequestError,
    StorageFailed,
    refusal_of,
    told,
)
from server.web.guard import Guard
from server.web.headers import secured
from server.web.mounts import UNDER, Mounts
from server.web.prefix import Prefix, link

logger = logging.getLogger("relearn")


class Front:
    """The ASGI application that uvicorn runs."""

    def __init__(
        self, calls: Calls, guard: Guard, ids: RequestIds, budget: Budget, prefix: Prefix, mounts: Mounts
    ) -> None:
        """`calls` are the default model's; `mounts` has the others'."""
        self.calls = calls
        self._guard = guard
        self._ids = ids
        self._budget = budget
        self._prefix = prefix
        self._mounts = mounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self  # so that the router raises its 404 and 405 instead of answering them
        if scope["type"] != "http":
            await self.calls.router(scope, receive, send)
            return
        headers = dict(scope["headers"])
        self._prefix.take_off(scope, headers)
        method, path = scope["method"], scope["path"]
        client = scope["client"][0] if scope["client"] is not None else "-"
        record = Record(method, scope["raw_path"], "none", self._ids.of(headers), perf_counter(), client=client)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                message["headers"] = [*secured(message["headers"]), (b"x-request-id", record.request_id.encode())]
                if "rate_limit" in scope and record.status != 429:  # which says it itself
                    message["headers"] += [(k.lower().encode(), v.encode()) for k, v in scope["rate_limit"].items()]
            await send(message)

        scope["headers_by_name"] = headers
        scope["record"] = record
        share = scope["share"] = Share(self._budget)
        calls, mount = self.calls, None
        try:
            name = self._mounts.take_off(scope) if path.startswith(UNDER) else None
            path = scope["path"]
            if path and method != "OPTIONS" and not (method == "POST" and path in calls.hot):
                scope["by"] = self._guard.admit(scope)
                record.by = scope["by"]
            if name is not None:
                mount, calls = await self._mounts.take(name)
            if method == "POST" and path in calls.hot:
                record.route = path
                await calls.hot[path](scope, receive, answer)
            elif method == "OPTIONS":
                await Response(None, 204, {"Allow": _allowed(calls.router, scope)})(scope, receive, answer)
            elif not path:
                await RedirectResponse(link(scope, "/"), 308)(scope, receive, answer)
            else:
                await calls.router(scope, receive, answer)
        except TOLD as error:
            await refuse(error, scope, receive, answer)
        except HTTPException as error:
            await refuse(_routing_error(error, calls.router, scope), scope, receive, answer)
        except ClientLeft:
            record.status = CLIENT_LEFT
        except asyncio.CancelledError:  # when the grace of a stop is over
            if not record.status:
                await refuse(Busy("the service stopped before this request was whole"), scope, receive, answer)
            raise
        except Exception as fault:
            of_ours = told(fault, record.request_id)
            unforeseen = not isinstance(of_ours, StorageFailed)
            words = "request %s failed: %s %s: %r"
            logger.error(words, record.request_id, method, scope["raw_path"], fault, exc_info=unforeseen)
            if not record.status:
                await refuse(of_ours, scope, receive, answer)
        finally:
            share.give_back()
            if "route" in scope:
                record.route = scope["route"].path
            record.seconds = perf_counter() - record.started
            calls.log.add(record)
            if mount is not None:
                mount.leave()


def _routing_error(error: HTTPException, router: Router, scope: Scope) -> RequestError:
    """Starlette's own 404 and 405 as ours."""
    if error.status_code == 405:
        allowed = _allowed(router, scope)
        return MethodNotAllowed(
            f"{scope['method']} is not for {scope['path'][:100]}; use {allowed}", {"Allow": allowed}
        )
    return _nothing_at(scope)


def _allowed(router: Router, scope: Scope) -> str:
    """The methods that are for this path, by all routes that lead there; raises NoSuchPath if none does.

    Where a route has just this path, a name in the path of another does not mean it.
    """
    every, path = [route for route in router.routes if isinstance(route, Route)], scope["path"]
    of_its_own = [route for route in every if route.path == path]
    leading = of_its_own or [route for route in every if path == "*" or route.matches(scope)[0] != Match.NONE]
    if not leading:
        raise _nothing_at(scope)
    return ", ".join(sorted({"OPTIONS"}.union(*(route.methods or () for route in leading))))


async def refuse(error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with an error, all in one shape; for who asks for it with the fields of RFC 9457 as well."""
    status, code, headers = refusal_of(error)
    content: dict[str, object] = {"error": str(error), "code": code}
    response = JSONResponse(content, status, headers)
    if PROBLEM in scope["headers_by_name"].get(b"accept", b""):
        problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": str(error)}
        response = JSONResponse(problem | content, status, headers, PROBLEM.decode())
    if status in (408, 413):
        response.headers["connection"] = "close"
    await response(scope, receive, send)


def _nothing_at(scope: Scope) -> NoSuchPath:
    return NoSuchPath(f"there is nothing at {scope['path'][:100]}; the README lists the calls")
