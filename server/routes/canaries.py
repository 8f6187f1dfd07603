"""A version's shadow or canary, or the watch after its promotion: begin one, look how it does, end it."""

import asyncio

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.routes.expected import expect
from server.routes.once import json_of, once
from server.routes.requests import by, json_object, reason_of
from server.routes.service import Service
from server.serving.judge import p99_ms
from server.serving.tally import Arm, Tally
from server.store.canary import SHADOW_PERCENT, Canary, Outcome, Role, Verdict, Wish
from server.store.errors import NotFound
from server.store.files import Json
from server.store.options import CANARY, SHADOW, WATCH, check_options

SHADOW_DEFAULTS: dict[str, Json] = {"percent": SHADOW_PERCENT, "minutes": 10, "pictures": 100, "canary_minutes": 0}
DEFAULTS: dict[str, Json] = {"percent": 5, "minutes": 10, "requests": 100, "watch_minutes": 0}
CHANGES = 20  # kinds of answers that a shadow would give otherwise, the most frequent


def routes(service: Service) -> list[Route]:
    executor, store = service.executor, service.memory.canaries

    async def begin(request: Request) -> Response:
        given = await json_object(request, service.settings.json_limit_bytes)
        why = reason_of(given)
        role = _role(request)
        if role is Role.SHADOW:
            check_options(given, SHADOW, "a shadow")
            numbers, does = _numbers(given, SHADOW_DEFAULTS), "is asked of {:g} % of the pictures"
        else:
            check_options(given, CANARY, "a canary")
            numbers, does = _numbers(given), "answers {:g} % of the requests"
        percent, minutes, least, next_minutes = numbers
        wish = Wish(percent, minutes * 60, int(least), next_minutes * 60)
        version = str(request.path_params["version"])
        answer: dict[str, Json] = {"message": f"Version {version} {does.format(percent)} for {minutes:g} minutes"}
        async with once(service, request, [json_of(given | {"reason": why})]) as first:
            if first.earlier is not None:
                return first.earlier

            def note(connection: Connection, begun: Canary) -> None:
                answer[role.value] = told(begun)
                first.note(connection, 202, answer)

            await service.promotion.try_out(
                version, wish, by(request), why, lambda current: expect(request, current), note, role
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
        return store.newest(str(request.path_params["version"]), _role(request))

    def _stopped(request: Request) -> Canary:
        found = _newest(request)
        if not store.end(found.id, Verdict(Outcome.STOPPED, "ended by hand"), by(request)):
            raise NotFound(f"the {found.role} of version {found.version} is over already: {found.outcome}")
        return _newest(request)

    paths = {role: f"/models/{{version}}/{role}" for role in Role}
    return [
        *(
            Route(paths[role], begin, methods=["POST"]) for role in (Role.SHADOW, Role.CANARY)
        ),  # a watch is begun by a promotion
        *(Route(path, end, methods=["DELETE"]) for path in paths.values()),
        *(Route(path, one) for path in paths.values()),
    ]


def watch_of(given: dict[str, Json]) -> Wish | None:
    """The watch that a promotion asks for; raises UnusableOption."""
    check_options(given, WATCH, "a promotion")
    percent, _, requests, minutes = _numbers(given)
    return Wish(percent, minutes * 60, int(requests)) if minutes else None


def _numbers(given: dict[str, Json], defaults: dict[str, Json] = DEFAULTS) -> list[float]:
    return [float(str((defaults | given)[name])) for name in defaults]


def _role(request: Request) -> Role:
    return Role(request.url.path.rpartition("/")[2])


def told(canary: Canary) -> dict[str, Json]:
    """A shadow, a canary or a watch as it stands in an answer."""
    tally = Tally.of(canary.parts)
    judged, other = _figures(tally.canary), _figures(tally.current)
    least = "requests"
    if canary.role is Role.CANARY:
        more: dict[str, Json] = {"watch_minutes": canary.next_seconds / 60}
        progress: dict[str, Json] = {"canary": judged, "current": other, "late": tally.late}
    elif canary.role is Role.WATCH:
        more, progress = {}, {"current": judged, "before": other}
    else:
        least, more = "pictures", {"canary_minutes": canary.next_seconds / 60}
        changes: dict[str, Json] = {"changed": dict(tally.changed.most_common(CHANGES)), "dropped": tally.dropped}
        progress = {"shadow": _pictures(judged), "current": _pictures(other), **changes}
        pictures = tally.canary.requests
        progress["agreement"] = 1 - tally.changed.total() / pictures if pictures else None
    return more | {
        "version": canary.version,
        "against": canary.against,
        "state": "running" if canary.outcome is None else canary.outcome.value,
        "percent": canary.percent,
        "minutes": canary.seconds / 60,
        least: canary.requests,
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
        "kind": f"{canary.role.value} {'returned' if canary.outcome is Outcome.RETURNED else 'ended'}",
        "by": canary.ended_by,
        "reason": canary.why,
    }


def _pictures(figures: dict[str, Json]) -> dict[str, Json]:
    return {"pictures" if name == "requests" else name: value for name, value in figures.items()}


def _figures(arm: Arm) -> dict[str, Json]:
    return {"requests": arm.requests, "p99_ms": p99_ms(arm), "labels": dict(arm.labels)}
