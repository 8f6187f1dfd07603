"""Calls with an Idempotency-Key: carried out once, and answered the same however often they are sent.

What a call made and what it was answered are written down together (store/idempotency.py). A call that made nothing,
because it was refused or there was nothing to do, may be sent again under its key.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse

from server.routes.requests import by
from server.routes.service import Service
from server.store.files import Json
from server.store.idempotency import Earlier, Once
from server.web.errors import Malformed

REPLAYED = {"Idempotent-Replayed": "true"}
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class First:
    """A call that is to be carried out, or that was."""

    def __init__(self, found: Once | Earlier | None) -> None:
        self._found = found

    @property
    def answer(self) -> dict[str, Json] | None:
        """What it was answered already."""
        return self._found.answer if isinstance(self._found, Earlier) else None

    @property
    def earlier(self) -> JSONResponse | None:
        found = self._found
        return JSONResponse(found.answer, found.status, self.headers) if isinstance(found, Earlier) else None

    @property
    def headers(self) -> dict[str, str]:
        """By which an answer says that it is not the first."""
        return REPLAYED if isinstance(self._found, Earlier) else {}

    def note(self, connection: Connection, status: int, answer: dict[str, Json]) -> None:
        """Write down the answer with what is made, if the call has a key; raises Conflict."""
        if isinstance(self._found, Once):
            self._found.note(connection, status, answer)


@asynccontextmanager
async def once(service: Service, request: Request, content: Iterable[bytes]) -> AsyncIterator[First]:
    """The call as its key makes it; `content` is what is asked, however it was packed.

    Raises Malformed, AnotherRequest or StillUnderWay.
    """
    key = _key_of(request)
    if key is None:
        yield First(None)
        return
    work = asyncio.to_thread
    hashed = await work(_hash, [request.url.path.encode(), *content])
    found = await work(service.memory.idempotency.begin, by(request), key, hashed)
    try:
        yield First(found)
    finally:
        if isinstance(found, Once):  # one that is answered stays
            await asyncio.shield(work(service.memory.idempotency.give_up, found))


def json_of(content: object) -> bytes:
    """What a JSON body says, however it was written."""
    return json.dumps(content, sort_keys=True).encode()


def _key_of(request: Request) -> str | None:
    """The key in the header, a string of RFC 8941 or its bare characters."""
    given = request.headers.get("idempotency-key")
    if given is None:
        return None
    bare = given[1:-1] if len(given) > 1 and given[0] == given[-1] == '"' else given
    if not _KEY.fullmatch(bare):
        raise Malformed("the Idempotency-Key must be 1 to 255 characters of ASCII without blanks, such as a UUID")
    return bare


def _hash(content: Iterable[bytes]) -> str:
    """One hash over pieces, each with its length, so that none can be cut otherwise."""
    hashed = hashlib.sha256()
    for piece in content:
        hashed.update(b"%d:" % len(piece))
        hashed.update(piece)
    return hashed.hexdigest()
