"""gzip and deflate of bodies, both ways: what comes is unpacked step by step within the limits, by a thread."""

import gzip
import zlib
from collections.abc import Sequence

from server.web.budget import Share
from server.web.errors import BodyTooLarge, Malformed
from server.web.threads import Threads

CODINGS = ("gzip", "deflate")
STEP_BYTES = 2**20  # that are unpacked in one go
WORTH_BYTES = 1024  # of an answer that is worth packing
LEVEL = 1  # most of the saving for a fifth of the time

_GZIP, _ZLIB, _RAW = 31, 15, -15  # zlib's names for what stands around the data


async def unpacked(
    pieces: Sequence[bytes], coding: str, share: Share, threads: Threads, limit_bytes: int
) -> list[bytes]:
    """The body without its coding, of which the share then holds both; raises Malformed or BodyTooLarge."""
    decoder = zlib.decompressobj(_form(coding, b"".join([piece[:2] for piece in pieces[:2]])))
    found: list[bytes] = []
    size = 0
    with threads.place():
        for piece in pieces:
            data, more = piece, bool(piece)
            while more:
                try:
                    step = await threads.run(decoder.decompress, data, STEP_BYTES)
                except zlib.error:
                    raise Malformed(f"the body is not {coding}, as its Content-Encoding says") from None
                size += len(step)
                if size > limit_bytes:
                    raise BodyTooLarge(f"the request body unpacks to over {limit_bytes:,} bytes; send less at once")
                share.take(len(step))
                found.append(step)
                data = decoder.unconsumed_tail
                more = not decoder.eof and (bool(data) or len(step) == STEP_BYTES)
                if decoder.unused_data or (decoder.eof and data):
                    raise Malformed(f"bytes follow the {coding} of the body")
    if not decoder.eof:
        raise Malformed(f"the {coding} of the body is cut")
    return found


def packed(body: bytes, coding: str) -> bytes:
    return gzip.compress(body, LEVEL, mtime=0) if coding == "gzip" else zlib.compress(body, LEVEL)


def _form(coding: str, start: bytes) -> int:
    if coding == "gzip":
        return _GZIP
    # RFC 9110 means zlib's form; some clients send the data alone.
    is_zlib = len(start) > 1 and start[0] & 15 == 8 and int.from_bytes(start[:2]) % 31 == 0
    return _ZLIB if is_zlib else _RAW
