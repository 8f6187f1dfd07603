"""The models of this service: GET /m lists them, POST /m makes one, DELETE /m/{name} deletes it.

What else there is of one is at /m/{name}/…, the same calls as of the default model (web/mounts.py).
"""

import asyncio
import logging

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.routes.once import json_of, once
from server.routes.requests import by, json_object
from server.routes.service import Service
from server.store.catalogue import Entry
from server.store.files import Json
from server.web.errors import Malformed
from server.web.mounts import PATTERN, Mounts
from server.web.prefix import link

BODY_LIMIT_BYTES = 2**20  # ten thousand classes
FORM = 'send {"name": "pets", "classes": ["cat", "dog"]}'

logger = logging.getLogger("relearn")


def routes(service: Service, mounts: Mounts) -> list[Route]:
    catalogue = service.memory.catalogue

    async def listing(request: Request) -> Response:
        found = await asyncio.to_thread(catalogue.entries)
        return JSONResponse({"models": [_content(service, each) for each in found]})

    async def one(request: Request) -> Response:
        return JSONResponse(_content(service, await asyncio.to_thread(catalogue.entry, _name(request))))

    async def create(request: Request) -> Response:
        given = await json_object(request, BODY_LIMIT_BYTES)
        name, classes = given.get("name"), given.get("classes")
        if set(given) != {"name", "classes"} or not isinstance(name, str) or not isinstance(classes, list):
            raise Malformed(FORM)
        if not all(isinstance(each, str) for each in classes):
            raise Malformed(FORM)
        where = {"Location": link(request.scope, f"/m/{name}")}
        async with once(service, request, [json_of(given)]) as first:
            if first.answer is not None:
                return JSONResponse(first.answer, 201, where | first.headers)
            answer: dict[str, Json] = {}

            def note(connection: Connection, made: tuple[str, ...]) -> None:
                begins = f"Model {name!r} begins with {len(made):,} classes"
                message = f"{begins}; upload pictures of each to /m/{name}/upload"
                answer.update({"message": message, "name": name, "classes": list(made)})
                first.note(connection, 201, answer)

            await asyncio.to_thread(catalogue.create, name, [str(each) for each in classes], by(request), note)
        logger.info("model %s was made by %s", name, by(request))
        return JSONResponse(answer, 201, where)

    async def delete(request: Request) -> Response:
        name = _name(request)
        await asyncio.to_thread(catalogue.delete, name)
        await mounts.let_go(name)
        logger.info("model %s was deleted by %s", name, by(request))
        return JSONResponse({"message": f"Model {name!r} is deleted, with its versions, uploads and jobs"})

    return [
        Route("/m", listing),
        Route("/m", create, methods=["POST"]),
        Route(PATTERN, one),
        Route(PATTERN, delete, methods=["DELETE"]),
    ]


def _name(request: Request) -> str:
    return str(request.path_params["name"])


def _content(service: Service, entry: Entry) -> dict[str, object]:
    return {
        "name": entry.name,
        "default": entry.name == service.settings.name,
        "created_at": entry.created_at,
        "model_version": entry.version,
        "versions": entry.versions,
        "images": entry.images,
        "job": entry.job,
    }
