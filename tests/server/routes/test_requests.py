"""The JSON of a request is an object of whole text, or malformed."""

import asyncio

import pytest
from starlette.requests import Request
from starlette.types import Message

from server.routes.requests import json_object
from server.settings import Settings
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
