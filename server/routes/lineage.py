"""Which version served when, and which learned from what."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.routes.requests import page_of
from server.routes.selection import time_of
from server.routes.service import Service
from server.store.decisions import now
from server.web.errors import Malformed


def routes(service: Service) -> list[Route]:
    work, memory = asyncio.to_thread, service.memory

    async def at(request: Request) -> Response:
        time = time_of("time", request.query_params.get("time", ""))
        if time > now():
            raise Malformed(f"time={time} is yet to come; what serves now is in GET /models")
        served = await work(memory.pointer.served, time)
        move = served.move
        return JSONResponse(
            {
                "time": time,
                "model_version": served.version,
                "since": move.time if move else None,
                "until": served.until,
                "kind": move.kind if move else None,
                "by": move.by if move else None,
                "reason": move.reason if move else None,
            }
        )

    async def taught(request: Request) -> Response:
        limit, before = page_of(request)
        version = await work(memory.versions.find, str(request.path_params["version"]))
        found = await work(memory.lineage.lessons, version, limit, before)
        lessons = [
            {"sha256": each.sha256, "split": each.split, "label": each.label, "batch": each.batch} for each in found
        ]
        return JSONResponse({"images": lessons, "next": found[-1].id if len(found) == limit else None})

    async def heirs(request: Request) -> Response:
        sha256 = str(request.path_params["sha256"])[:64]
        found = await work(memory.lineage.heirs, sha256)
        return JSONResponse({"sha256": sha256, **asdict(found)})

    return [
        Route("/models/at", at),
        Route("/models/{version}/images", taught),
        Route("/dataset/images/{sha256}/versions", heirs),
    ]


async def held_by(service: Service, batch: str | None, sha256s: Sequence[str]) -> dict[str, list[str]]:
    """The versions that still hold what was removed, for the answer to whoever removed it."""
    return asdict(await asyncio.to_thread(service.memory.lineage.holders, batch, sha256s))


def told(holders: dict[str, list[str]]) -> str:
    """A sentence more where versions hold what was removed."""
    versions = sorted({number for numbers in holders.values() for number in numbers}, key=int)
    if not versions:
        return ""
    one = len(versions) == 1
    named = ", ".join(versions)
    return f"; version{'' if one else 's'} {named} still hold{'s' if one else ''} it"
