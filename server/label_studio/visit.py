"""Files of Label Studio's, fetched a few at a time under one token. No redirect is followed: it may lead anywhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx

from server.settings import is_loopback
from server.web.budget import Share
from server.web.errors import FetchFailed

FETCH_SECONDS = 10.0
VISIT_SECONDS = 60.0  # for all files of one request; Label Studio waits 100 for the answer
AT_ONCE = 4


@asynccontextmanager
async def visit(url: str, token: str, limit_bytes: int) -> AsyncIterator["Visit"]:
    """For the files that one request needs, each of at most so many bytes."""
    context = await asyncio.to_thread(httpx.create_ssl_context)  # takes 20 ms
    direct = is_loopback(urlsplit(url).hostname or "")  # no proxy of a company's leads to this machine
    async with httpx.AsyncClient(verify=context, timeout=FETCH_SECONDS, trust_env=not direct) as client:
        yield Visit(client, url, token, limit_bytes)


class Visit:
    """One request's; it lasts a while at most."""

    def __init__(self, client: httpx.AsyncClient, url: str, token: str, limit_bytes: int) -> None:
        self._client = client
        self._url = url
        self._token = token
        self._limit_bytes = limit_bytes
        self._until = asyncio.get_running_loop().time() + VISIT_SECONDS
        self._places = asyncio.Semaphore(AT_ONCE)
        self._opening = asyncio.Lock()
        self._authorization: str | None = None

    async def fetch(self, path: str, share: Share) -> bytes:
        """A file's bytes; raises FetchFailed, or Busy where requests hold too much."""
        try:
            async with asyncio.timeout_at(self._until), self._places, asyncio.timeout(FETCH_SECONDS):
                return await self._fetch(path, share)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise FetchFailed(f"Label Studio did not give {path[:100]!r}: {type(error).__name__}") from None

    async def _fetch(self, path: str, share: Share) -> bytes:
        # Compressed, a small answer could unpack to one of any size.
        headers = {"Authorization": await self._authorized(), "Accept-Encoding": "identity"}
        gathered = bytearray()
        async with self._client.stream("GET", self._url + path, headers=headers) as answer:
            if answer.status_code != 200:
                raise FetchFailed(f"Label Studio answered {answer.status_code} for {path[:100]!r}")
            async for piece in answer.aiter_raw():
                share.take(len(piece))
                gathered += piece
                if len(gathered) > self._limit_bytes:
                    raise FetchFailed(f"{path[:100]!r} of Label Studio is larger than {self._limit_bytes:,} bytes")
        return bytes(gathered)

    async def _authorized(self) -> str:
        """A personal access token is exchanged for one of a few minutes; one of the older kind is sent as it is."""
        async with self._opening:
            if self._authorization is None:
                self._authorization = await self._exchanged() if self._token.count(".") == 2 else f"Token {self._token}"
            return self._authorization

    async def _exchanged(self) -> str:
        answer = await self._client.post(f"{self._url}/api/token/refresh", json={"refresh": self._token})
        try:
            return f"Bearer {answer.json()['access']}"
        except (ValueError, KeyError, TypeError):
            raise FetchFailed(f"Label Studio answered {answer.status_code} for its access token") from None
