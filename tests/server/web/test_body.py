"""A body is taken up to its limits, and what it says of itself is judged before it comes."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.types import Message

from server.web.body import ClientLeft, read_pieces
from server.web.budget import Budget, Share
from server.web.errors import BodyTooLarge, Busy, UnsupportedBody

LIMIT = 1000


class Client:
    """Sends pieces of a body, as they are asked for, and leaves."""

    def __init__(self, pieces: Sequence[bytes], is_last: bool = False) -> None:
        self.left = list(pieces)
        self._is_last = is_last  # a piece, although it is not empty

    async def receive(self) -> Message:
        if not self.left:
            return {"type": "http.disconnect"}
        body = self.left.pop(0)
        return {"type": "http.request", "body": body, "more_body": body != b"" and not self._is_last}


def read(client: Client, budget: Budget, **headers: bytes) -> list[bytes]:
    named = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    scope: dict[str, Any] = {"headers_by_name": named, "share": Share(budget)}
    return asyncio.run(read_pieces(scope, client.receive, LIMIT))


def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes() -> None:
    client = Client([b"x"])
    with pytest.raises(BodyTooLarge, match="larger than 1,000 bytes"):
        read(client, Budget(10**6), content_length=b"1001")
    assert client.left


def test_of_a_chunked_body_no_more_than_the_limit_and_a_piece_are_taken() -> None:
    assert b"".join(read(Client([b"x" * 400, b"y" * 600, b""]), Budget(10**6))) == b"x" * 400 + b"y" * 600
    with pytest.raises(BodyTooLarge, match="larger than 1,000 bytes"):
        read(Client([b"x" * (LIMIT + 1)], is_last=True), Budget(10**6))
    for first in (b"x" * (LIMIT + 1), b"x"):
        client = Client([first, b"y" * 600, b"y" * 600, b"y" * 600, b""])
        with pytest.raises(BodyTooLarge, match="larger than 1,000 bytes"):
            read(client, Budget(10**6))
        assert len(client.left) >= 2


def test_room_is_asked_for_before_a_body_comes() -> None:
    client, budget = Client([b"x"]), Budget(2 * LIMIT)
    Share(budget).take(LIMIT + 1)
    with pytest.raises(Busy):
        read(client, budget, content_length=b"1000")
    assert client.left


def test_what_has_come_of_a_body_is_counted_and_given_back() -> None:
    budget = Budget(LIMIT)
    other = Share(budget)
    other.take(500)
    with pytest.raises(Busy):
        read(Client([b"x" * 200, b"x" * 200, b"x" * 200, b""]), budget)
    with pytest.raises(ClientLeft):
        read(Client([b"x" * 200, b"x" * 200]), budget)
    assert budget.used_bytes == 500
    read(Client([b"x" * 200, b"x" * 300, b""]), budget)
    assert budget.used_bytes == LIMIT, "until the request ends"


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"GZIP"])
def test_a_compressed_body_is_refused(coding: bytes) -> None:
    with pytest.raises(UnsupportedBody, match="Content-Encoding"):
        read(Client([b"x", b""]), Budget(10**6), content_encoding=coding)
    assert read(Client([b"x", b""]), Budget(10**6), content_encoding=b"identity") == [b"x", b""]
