"""GET /openapi.json: every call of the service, for tools. A test holds it to the routes and to real answers."""

from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.routes.call import Call
from server.routes.described import CALLS, GUARDED
from server.routes.examples import ANSWERS, ERROR, EXAMPLES
from server.routes.kinds import TEXT, Schema, ref
from server.routes.schemas import SCHEMAS
from server.routes.schemas_canaries import COMPARISONS
from server.store.files import Json
from server.web.prefix import link

JSON = "application/json"
IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "a UUID of the client's: sent again with it within a day, the call is answered as the first time",
    "schema": TEXT | {"pattern": "^[!-~]{1,255}$"},
}


def routes() -> list[Route]:
    async def document(request: Request) -> Response:
        return JSONResponse(_document(link(request.scope, "") or "/"))

    return [Route("/openapi.json", document)]


def _document(url: str) -> dict[str, Any]:
    """An OpenAPI document (https://spec.openapis.org/oas/v3.1.0); `url`: where the service is, seen from the client."""
    paths: dict[str, dict[str, Any]] = {}
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method.lower()] = _operation(call)
    keys = {
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "bearer": {"type": "http", "scheme": "bearer"},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Relearn", "version": "1", "description": "An image classifier that keeps learning."},
        "servers": [{"url": url}],
        "paths": paths,
        "components": {"schemas": COMPARISONS | SCHEMAS, "securitySchemes": keys},
    }


def _operation(call: Call) -> dict[str, Any]:
    in_path = [part[1:-1] for part in call.path.split("/") if part.startswith("{")]
    parameters = [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in in_path]
    parameters += [
        {"name": name, "in": "query", "required": name in call.must, "schema": schema}
        for name, schema in call.query.items()
    ]
    if call.once:
        parameters.append(IDEMPOTENCY_KEY)
    answers: dict[str, Any] = {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {call.media_type: _shown(schema, ANSWERS.get((call.method, call.path, status)))},
        }
        for status, schema in call.answers.items()
    }
    answers["default"] = {"description": "an error", "content": {JSON: _shown(ref("Error"), ERROR)}}
    operation: dict[str, Any] = {"summary": call.summary, "parameters": parameters, "responses": answers}
    if call.body:
        content: dict[str, Schema] = {kind: {"schema": schema} for kind, schema in call.body.items()}
        if JSON in content:
            content[JSON]["example"] = EXAMPLES[call.path]
        operation["requestBody"] = {"content": content, "required": call.needs_body}
    if call.path.startswith(GUARDED):
        operation["security"] = [{}, {"header": []}, {"bearer": []}]  # nothing is asked for where no key was set
    return operation


def _shown(schema: Schema | None, example: Json) -> dict[str, Any]:
    """What is said of a content; nothing where it is no JSON."""
    told = {} if schema is None else {"schema": schema}
    return told if example is None else told | {"example": example}
