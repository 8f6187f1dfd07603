"""A body that comes slowly but steadily is read; one that only keeps the connection open is not."""

import asyncio

import pytest
from starlette.types import Message, Scope

from server.settings import Settings
from server.web.body import STEADY_BYTES_A_SECOND, read_body
from server.web.errors import BodyTimeout

SETTINGS = Settings(body_timeout_seconds=0.2)
PIECES = 6


async def read(piece: bytes) -> bytes:
    """What is read of pieces that together take longer than a short body may."""
    sent = 0

    async def receive() -> Message:
        nonlocal sent
        sent += 1
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": piece, "more_body": sent < PIECES}

    scope: Scope = {"type": "http", "headers_by_name": {}}
    return await read_body(scope, receive, SETTINGS)


def test_a_steady_body_has_more_time() -> None:
    piece = b"x" * STEADY_BYTES_A_SECOND
    assert asyncio.run(read(piece)) == piece * PIECES


def test_a_trickle_is_given_up() -> None:
    with pytest.raises(BodyTimeout):
        asyncio.run(read(b"x"))
