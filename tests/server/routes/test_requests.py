"""The JSON of a request is an object of whole text, or malformed."""

import asyncio

import pytest
from starlette.requests import Request
from starlette.types import Message

from server.routes.requests import REASON_LIMIT, json_object, reason_of
from server.settings import Settings
from server.store.files import Json
from server.web.budget import Budget, Share
from server.web.errors import BodyTooLarge, Malformed

LIMIT = Settings().json_limit_bytes


def parsed(body: bytes) -> object:
    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    scope = {"type": "http", "headers": [], "headers_by_name": {}, "share": Share(Budget(2**30))}
    return asyncio.run(json_object(Request(scope, receive), LIMIT))


@pytest.mark.parametrize(
    "body",
    [b"[]", b"1", b"{", b"\xff", b"[" * 10_000, b'{"a": "\\u0000"}', b'{"a": ["\\ud800"]}', b'{"\\udfff": 1}'],
)
def test_what_is_no_object_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parsed(body)


def test_an_object_is_taken_up_to_its_limit() -> None:
    assert parsed(b"") == parsed(b" ") == {}
    assert parsed(b'{"a": "\\u00e4"}'.ljust(LIMIT)) == {"a": "\u00e4"}
    with pytest.raises(BodyTooLarge):
        parsed(b"{}".ljust(LIMIT + 1))


@pytest.mark.parametrize(
    ("number", "read"), [("8", 8), ("8.0", 8), ("-0.0", 0), ("8e1", 80), ("8.5", 8.5), ("1e300", 1e300)]
)
def test_a_whole_number_may_be_written_with_a_point(number: str, read: float) -> None:
    found = parsed(f'{{"n": {number}}}'.encode())
    assert isinstance(found, dict)
    assert (found["n"], type(found["n"])) == (read, type(read))


def test_a_reason_is_text_and_kept_as_far_as_there_is_room() -> None:
    given: dict[str, Json] = {"reason": "x" * 300, "percent": 5}
    assert (reason_of(given), given, reason_of({})) == ("x" * REASON_LIMIT, {"percent": 5}, "")
    with pytest.raises(Malformed, match="reason must be text"):
        reason_of({"reason": {}})
