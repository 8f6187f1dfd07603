"""What the routes read from a request beyond what Starlette offers: JSON objects of bounded size, flags."""

import asyncio
import json

from starlette.requests import Request

from server.store.files import Json
from server.store.tables import clean
from server.web.body import read_body
from server.web.errors import Malformed

INLINE_BYTES = 2**14  # JSON that is read where it holds nobody up; more of it is read by a thread
REASON_LIMIT = 200  # characters
PAGE, PAGE_MOST = 50, 1000  # entries of a list that one call gives, by default and at most


def by(request: Request) -> str:
    """Whose call it is: the name of the key, as the guard found it."""
    return str(request.scope["by"])


async def json_object(request: Request, limit_bytes: int) -> dict[str, Json]:
    """The JSON object in the body, or an empty one for no body; raises Malformed."""
    content = await _json(request, limit_bytes)
    if not isinstance(content, dict):
        raise Malformed("the body is JSON but not an object; send one such as {}")
    return content


async def json_objects(request: Request, limit_bytes: int) -> list[dict[str, Json]] | dict[str, Json]:
    """The JSON object in the body, or the array of such; raises Malformed."""
    content = await _json(request, limit_bytes)
    if isinstance(content, dict):
        return content
    many = [each for each in content if isinstance(each, dict)] if isinstance(content, list) else []
    if not isinstance(content, list) or len(many) < len(content):
        raise Malformed("the body is JSON but neither an object nor an array of objects; send [{}]")
    return many


async def _json(request: Request, limit_bytes: int) -> Json:
    body = await read_body(request.scope, request.receive, limit_bytes)
    return _parsed(body) if len(body) <= INLINE_BYTES else await asyncio.to_thread(_parsed, body)


def _parsed(body: bytes) -> Json:
    if not body.strip():
        return {}
    try:
        content: Json = json.loads(body, parse_float=_read_number)
        is_text = _is_text(content)
    except (ValueError, RecursionError):
        raise Malformed("the body is not JSON, or nested too deep; send an object such as {}") from None
    if not is_text:
        raise Malformed("the body has a NUL, or half of a surrogate pair, in its text; send whole characters")
    return content


def _read_number(text: str) -> int | float:
    """A number with a point: 8.0 is the whole number 8 (https://www.rfc-editor.org/rfc/rfc8259#section-6)."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def reason_of(given: dict[str, Json]) -> str:
    """Take out of what was sent why it is asked, as long as it is kept; raises Malformed."""
    reason = given.pop("reason", "")
    if not isinstance(reason, str):
        raise Malformed("reason must be text")
    return reason[:REASON_LIMIT]


def page_of(request: Request, most: int = PAGE_MOST) -> tuple[int, int | None]:
    """The parameters `limit` and `before` of a list: how many, and which number they stay under; raises Malformed."""
    limit, before = _number(request, "limit", PAGE), _number(request, "before", None)
    if limit is None or not 1 <= limit <= most:
        raise Malformed(f"?limit must be from 1 to {most}")
    return limit, before


def part_of(request: Request) -> tuple[int, int]:
    """The parameters `limit` and `offset` of a list that has an order of its own; raises Malformed."""
    limit, _ = page_of(request)
    return limit, _number(request, "offset", 0) or 0


def _number(request: Request, name: str, default: int | None) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isdecimal() and text.isascii() and len(text) < 16):
        raise Malformed(f"?{name}={text[:40]} must be a whole number")
    return int(text)


def _is_text(content: Json) -> bool:
    """Whether all text in it can be written down: JSON lets a client send what is no text in UTF-8."""
    if isinstance(content, str):
        return content == clean(content)
    if isinstance(content, dict):
        return all(_is_text(name) and _is_text(value) for name, value in content.items())
    return all(map(_is_text, content)) if isinstance(content, list) else True


def flag(request: Request, name: str) -> bool:
    """Whether a query parameter says yes; raises Malformed for neither yes nor no."""
    text = request.query_params.get(name, "false").lower()
    if text not in ("true", "false", "1", "0"):
        raise Malformed(f"?{name}={text[:40]} must be true or false")
    return text in ("true", "1")
