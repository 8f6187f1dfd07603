"""Bodies in gzip and deflate: unpacked whole, within their limits, or refused."""

import asyncio
import gzip
import tracemalloc
import zlib

import pytest

from server.inference.coding import packed, unpacked
from server.web.budget import Budget, Share
from server.web.errors import BodyTooLarge, Malformed
from server.web.threads import Threads

LIMIT = 8 * 2**20


def unpack(pieces: list[bytes], coding: str, limit: int = LIMIT, budget: int = 10**9) -> bytes:
    threads = Threads(1, 60.0)

    async def whole() -> bytes:
        return b"".join(await unpacked(pieces, coding, Share(Budget(budget)), threads, limit))

    try:
        return asyncio.run(whole())
    finally:
        threads.close()


def raw(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize("body", [b"", b"x", bytes(2**20), bytes(3 * 2**20 + 1), bytes(range(256)) * 999])
def test_bodies_are_unpacked_in_every_form(body: bytes) -> None:
    for coding, whole in (("gzip", gzip.compress(body)), ("deflate", zlib.compress(body)), ("deflate", raw(body))):
        assert unpack([whole], coding) == body
        assert unpack([whole[n : n + 1] for n in range(min(9, len(whole)))] + [whole[9:]], coding) == body
    for coding in ("gzip", "deflate"):
        assert unpack([packed(body, coding)], coding) == body


def test_a_bomb_is_refused_before_it_is_in_memory() -> None:
    bomb = gzip.compress(bytes(512 * 2**20), 9)
    tracemalloc.start()
    with pytest.raises(BodyTooLarge, match="unpacks"):
        unpack([bomb], "gzip")
    assert tracemalloc.get_traced_memory()[1] < 4 * LIMIT
    tracemalloc.stop()
    with pytest.raises(BodyTooLarge, match="memory"):
        unpack([bomb], "gzip", budget=2**22)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_is_broken_is_refused(coding: str) -> None:
    whole = packed(b"a body" * 100, coding)
    for broken in (b"", b"no", whole[:-1], whole + b"x", whole + whole, whole[:10] + b"\xff" * 20, b"{}" * 50):
        with pytest.raises(Malformed):
            unpack([broken], coding)
    with pytest.raises(Malformed):
        unpack([whole, b"more"], coding)
