"""A version's canary: begin one, look how it does, end it."""

import asyncio

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.routes.expected import expect
from server.routes.once import json_of, once
from server.routes.requests import by, json_object
from server.routes.service import Service
from server.serving.judge import p99_ms
from server.serving.tally import Arm, Tally
from server.store.canaries import Canary, Outcome, Verdict, Wish
from server.store.errors import NotFound
from server.store.files import Json
from server.store.options import CANARY, check_options

DEFAULTS: dict[str, Json] = {"percent": 5, "minutes": 10, "requests": 100}
REASON_LIMIT = 200  # characters


def routes(service: Service) -> list[Route]:
    executor, store = service.executor, service.memory.canaries

    async def begin(request: Request) -> Response:
        given = await json_object(request, service.settings.json_limit_bytes)
        why = str(given.pop("reason", ""))[:REASON_LIMIT]
        check_options(given, CANARY, "a canary")
        percent, minutes, requests = (float(str((DEFAULTS | given)[name])) for name in DEFAULTS)
        wish = Wish(percent, minutes * 60, int(requests))
        version = str(request.path_params["version"])
        answer: dict[str, Json] = {
            "message": f"Version {version} answers {percent:g} % of the requests for {minutes:g} minutes"
        }
        async with once(service, request, [json_of(given | {"reason": why})]) as first:
            if first.earlier is not None:
                return first.earlier

            def note(connection: Connection, begun: Canary) -> None:
                answer["canary"] = told(begun)
                first.note(connection, 202, answer)

            await service.promotion.try_out(
                version, wish, by(request), why, lambda current: expect(request, current), note
            )
        service.watch.tell()
        return JSONResponse(answer, 202)

    async def one(request: Request) -> Response:
        return JSONResponse(told(await asyncio.get_running_loop().run_in_executor(executor, _newest, request)))

    async def end(request: Request) -> Response:
        ended = await asyncio.get_running_loop().run_in_executor(executor, _stopped, request)
        service.watch.tell()
        return JSONResponse({"message": f"The canary of version {ended.version} has ended", "canary": told(ended)})

    def _newest(request: Request) -> Canary:
        return store.newest(str(request.path_params["version"]))

    def _stopped(request: Request) -> Canary:
        found = _newest(request)
        if not store.end(found.id, Verdict(Outcome.STOPPED, "ended by hand"), by(request)):
            raise NotFound(f"the canary of version {found.version} is over already: {found.outcome}")
        return _newest(request)

    return [
        Route("/models/{version}/canary", begin, methods=["POST"]),
        Route("/models/{version}/canary", end, methods=["DELETE"]),
        Route("/models/{version}/canary", one),
    ]


def told(canary: Canary) -> dict[str, Json]:
    """A canary as it stands in an answer."""
    tally = Tally.of(canary.parts)
    return {
        "version": canary.version,
        "against": canary.against,
        "state": "running" if canary.outcome is None else canary.outcome.value,
        "percent": canary.percent,
        "minutes": canary.seconds / 60,
        "requests": canary.requests,
        "started_at": canary.started_at,
        "by": canary.by,
        "reason": canary.reason,
        "ended_at": canary.ended_at,
        "ended_by": canary.ended_by,
        "why": canary.why,
        "progress": {
            "minutes": tally.seconds / 60,
            "canary": _figures(tally.canary),
            "current": _figures(tally.current),
            "late": tally.late,
        },
    }


def canary_end(canary: Canary) -> dict[str, object]:
    """How one ended that was not promoted, as it stands in the log of moves: the pointer stayed where it was."""
    return {
        "time": canary.ended_at,
        "from": canary.against,
        "to": canary.against,
        "canary": canary.version,
        "kind": "canary returned" if canary.outcome is Outcome.RETURNED else "canary ended",
        "by": canary.ended_by,
        "reason": canary.why,
    }


def _figures(arm: Arm) -> dict[str, Json]:
    return {"requests": arm.requests, "p99_ms": p99_ms(arm), "labels": dict(arm.labels)}
