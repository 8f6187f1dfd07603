"""Whether the world has moved: how far what is answered is from the version's reference, and the alarm about it."""

import asyncio
import logging

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.observe.drift import alarm_told
from server.routes.requests import by
from server.routes.service import Service
from server.store.errors import NotFound
from server.store.versions import is_number

EXAMPLES = 12

logger = logging.getLogger("relearn")


def open_routes(service: Service) -> list[Route]:
    async def drift(request: Request) -> Response:
        service.log.flush()
        content = service.drift.told | {"false_alarm_requests": service.settings.drift_false_alarm_requests}
        return JSONResponse(content, headers={"Cache-Control": "no-store"})

    return [Route("/drift", drift)]


def routes(service: Service) -> list[Route]:
    work, memory = asyncio.to_thread, service.memory

    async def alarm(request: Request) -> Response:
        found = await work(memory.drift.find, _number(request))
        moved = found.content["moved"][0]
        samples = await work(memory.samples.showing, found.version, found.since, moved, EXAMPLES)
        return JSONResponse(alarm_told(found) | {"samples": [str(number) for number in samples]})

    async def close(request: Request) -> Response:
        number = _number(request)
        await work(memory.drift.close, number, by(request))
        logger.info("the alarm %d is closed: by=%s", number, by(request))
        return JSONResponse({"message": "The alarm is closed; the watch begins anew"})

    return [
        Route("/drift/alarms/{alarm}", alarm),
        Route("/drift/alarms/{alarm}/close", close, methods=["POST"]),
    ]


def _number(request: Request) -> int:
    given = str(request.path_params["alarm"])
    if not is_number(given):
        raise NotFound(f"there is no alarm {given[:40]}")
    return int(given)
