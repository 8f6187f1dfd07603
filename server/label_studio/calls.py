"""The four calls of a machine learning backend, as Label Studio makes them: health, setup, predict, webhook.

What serves answers, as it answers any prediction. An annotation becomes an upload, and nothing is trained by these
calls. What a project is like stands in each request, so nothing is kept of it here.
"""

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.label_studio.labelling import is_begun, labelling_of
from server.label_studio.pictures import Pictures
from server.label_studio.predicting import predicted
from server.label_studio.storing import taught
from server.routes.service import Service
from server.store.files import Json
from server.web.body import read_pieces, whole
from server.web.errors import Malformed

PREFIX = "/label-studio"
BODY_LIMIT_BYTES = 8 * 2**20
PARTS_LIMIT = 2**15  # of the JSON, which take a millisecond or two in which nothing else runs


def open_routes(service: Service) -> list[Route]:
    """What anybody may ask, as /health."""

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "UP", "model_class": "Relearn", "model_version": service.version})

    return [Route(PREFIX, health), Route(f"{PREFIX}/", health), Route(f"{PREFIX}/health", health)]


def guarded_routes(service: Service) -> list[Route]:
    """What needs a key, once there is one: pictures may be had from Label Studio in this service's name."""
    pictures = Pictures(service)

    async def setup(request: Request) -> Response:
        schema = (await _body(service, request)).get("schema")
        if is_begun(schema):
            labelling_of(schema)
        return JSONResponse({"model_version": service.version})

    async def predict(request: Request) -> Response:
        return JSONResponse(await predicted(service, pictures, request, await _body(service, request)))

    async def webhook(request: Request) -> Response:
        answer = await taught(service, pictures, request, await _body(service, request))
        result = answer["result"]
        is_new = isinstance(result, dict) and result["batch"] is not None
        return JSONResponse(answer, 201 if is_new else 200)

    calls = {"setup": setup, "predict": predict, "webhook": webhook}
    return [Route(f"{PREFIX}/{name}", call, methods=["POST"]) for name, call in calls.items()]


async def _body(service: Service, request: Request) -> dict[str, Json]:
    """The JSON object in the body, which may be long by its pictures alone; raises Malformed."""
    limit_bytes = min(BODY_LIMIT_BYTES, service.settings.body_limit_bytes)
    pieces = await read_pieces(request.scope, request.receive, limit_bytes)
    with service.threads.place():
        return await service.threads.run(_object, pieces)


def _object(pieces: list[bytes]) -> dict[str, Json]:
    if sum(piece.count(mark) for piece in pieces for mark in (b",", b"[", b"{", b"\\")) > PARTS_LIMIT:
        raise Malformed(f"the JSON has over {PARTS_LIMIT:,} parts; send fewer tasks at once")
    try:
        content: Json = orjson.loads(whole(pieces) or b"{}")
    except orjson.JSONDecodeError:
        raise Malformed("the body is not JSON, or nested too deep; send an object such as {}") from None
    if not isinstance(content, dict):
        raise Malformed("the body is JSON but not an object; send one such as {}")
    return content
