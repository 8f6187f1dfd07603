"""What the routes read from a request beyond what Starlette offers: JSON objects of bounded size, flags."""

import json

from starlette.requests import Request

from server.settings import Settings
from server.store.files import Json
from server.web.body import read_body
from server.web.errors import Malformed


async def json_object(request: Request, settings: Settings) -> dict[str, Json]:
    """The JSON object in the body, or an empty one for no body; raises Malformed."""
    body = await read_body(request.scope, request.receive, settings)
    if not body.strip():
        return {}
    try:
        content: Json = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("the body is not JSON; send an object such as {}") from None
    if not isinstance(content, dict):
        raise Malformed("the body is JSON but not an object; send one such as {}")
    return content


def flag(request: Request, name: str) -> bool:
    """Whether a query parameter says yes; raises Malformed for neither yes nor no."""
    text = request.query_params.get(name, "false").lower()
    if text not in ("true", "false", "1", "0"):
        raise Malformed(f"?{name}={text[:40]} must be true or false")
    return text in ("true", "1")
