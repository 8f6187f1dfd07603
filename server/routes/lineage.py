"""Which version served when."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

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

    return [Route("/models/at", at)]
