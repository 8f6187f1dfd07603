"""A version's canary, or the watch after its promotion: begin one, look how it does, end it."""

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
from server.store.canary import Canary, Outcome, Role, Verdict, Wish
from server.store.errors import NotFound
from server.store.files import Json
from server.store.options import CANARY, WATCH, check_options

DEFAULTS: dict[str, Json] = {"percent": 5, "minutes": 10, "requests": 100, "watch_minutes": 0}
REASON_LIMIT = 200  # characters


def routes(service: Service) -> list[Route]:
    executor, store = service.executor, service.memory.canaries

    async def begin(request: Request) -> Response:
        given = await json_object(request, service.settings.json_limit_bytes)
        why = str(given.pop("reason", ""))[:REASON_LIMIT]
        check_options(given, CANARY, "a canary")
        percent, minutes, requests, watch_minutes = _numbers(given)
        wish = Wish(percent, minutes * 60, int(requests), watch_minutes * 60)
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
        name = ended.role.value
        return JSONResponse({"message": f"The {name} of version {ended.version} has ended", name: told(ended)})

    def _newest(request: Request) -> Canary:
        role = Role(request.url.path.rpartition("/")[2])
        return store.newest(str(request.path_params["version"]), role)

    def _stopped(request: Request) -> Canary:
        found = _newest(request)
        if not store.end(found.id, Verdict(Outcome.STOPPED, "ended by hand"), by(request)):
            raise NotFound(f"the {found.role} of version {found.version} is over already: {found.outcome}")
        return _newest(request)

    paths = [f"/models/{{version}}/{role}" for role in Role]
    return [
        Route(paths[0], begin, methods=["POST"]),
        *(Route(path, end, methods=["DELETE"]) for path in paths),
        *(Route(path, one) for path in paths),
    ]


def watch_of(given: dict[str, Json]) -> Wish | None:
    """The watch that a promotion asks for; raises UnusableOption."""
    check_options(given, WATCH, "a promotion")
    percent, _, requests, minutes = _numbers(given)
    return Wish(percent, minutes * 60, int(requests)) if minutes else None


def _numbers(given: dict[str, Json]) -> list[float]:
    return [float(str((DEFAULTS | given)[name])) for name in DEFAULTS]


def told(canary: Canary) -> dict[str, Json]:
    """A canary or a watch as it stands in an answer."""
    tally = Tally.of(canary.parts)
    judged, other = _figures(tally.canary), _figures(tally.current)
    if canary.role is Role.CANARY:
        more: dict[str, Json] = {"watch_minutes": canary.watch_seconds / 60}
        progress: dict[str, Json] = {"canary": judged, "current": other, "late": tally.late}
    else:
        more, progress = {}, {"current": judged, "before": other}
    return more | {
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
        "progress": {"minutes": tally.seconds / 60, **progress},
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
