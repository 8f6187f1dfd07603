"""What the routes read from a request beyond what Starlette offers: JSON objects and forms of bounded size."""

import json

from starlette.requests import Request

from server import multipart
from server.body import read_body
from server.errors import Malformed, UnsupportedType
from server.files import Json
from server.settings import Settings


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


async def form(request: Request, settings: Settings) -> list[multipart.Part]:
    """The parts of a multipart form; raises UnsupportedType for any other kind of body, Malformed for a broken one."""
    content_type: bytes = request.scope["headers_by_name"].get(b"content-type", b"")
    if not multipart.is_form(content_type):
        raise UnsupportedType("send a form: multipart/form-data, as curl -F does")
    body = await read_body(request.scope, request.receive, settings)
    return multipart.parts(content_type, body, settings.upload_limit_files)


def flag(request: Request, name: str) -> bool:
    """Whether a query parameter says yes; raises Malformed for neither yes nor no."""
    text = request.query_params.get(name, "false").lower()
    if text not in ("true", "false", "1", "0"):
        raise Malformed(f"?{name}={text[:40]} must be true or false")
    return text in ("true", "1")
