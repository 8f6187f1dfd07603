"""`AsyncClient`: the same calls, each of which is awaited."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from . import calls
from .answers import Dataset, Models, Outcome, Prediction, Progress, Promoted, Uploaded
from .async_deciding import AsyncDeciding
from .attempts import FOLLOW_RETRIES, Attempts, unreachable
from .calls import Call, Options, answer_of
from .canaries import Watching
from .connection import TIMEOUT_SECONDS, connection
from .errors import Unusable
from .events import Stream
from .pictures import Picture, as_zips, in_requests, named
from .samples import Heard, Sample, Word

T = TypeVar("T")


class AsyncClient(AsyncDeciding):
    """A client of one server, for one event loop; what its methods take, answer and raise is `Client`'s.

    The caller's files are read where the call stands, since they are small.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        key: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        retries: int = 2,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`timeout_seconds`: longest silence of the server; `retries`: of a call that can't be done twice by it."""
        self._http = httpx.AsyncClient(transport=transport, **connection(url, key, timeout_seconds))
        self._retries = retries

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    @property
    def url(self) -> str:
        return str(self._http.base_url).rstrip("/")

    async def predict(self, picture: Picture) -> Prediction:
        """What the model says of one picture: its bytes, its path, or an open file."""
        return await self._answer(calls.predict(picture))

    async def predict_many(self, pictures: Iterable[Picture]) -> list[Prediction | Unusable]:
        """An answer, or why there is none, for each picture in order; any number, sent some hundred at a time."""
        return [each for some in in_requests(pictures) for each in await self._answer(calls.predict_many(some))]

    async def upload(self, pictures: Iterable[Picture], labels: Sequence[str], source: str = "") -> Uploaded:
        """Teach pictures with a label each, as one batch."""
        return await self._answer(calls.upload([named(picture) for picture in pictures], labels, source))

    async def upload_dataset(self, dataset: str | Path, source: str = "") -> AsyncIterator[tuple[Uploaded, int]]:
        """Teach a folder of pictures in folders named by their labels, or a zip of one, or what an export gives.

        A large folder goes in several batches: what became of each, and how many files it had, as they are stored.
        """
        for data, count in as_zips(Path(dataset)):
            yield await self._answer(calls.upload_zip(data, f"{Path(dataset).stem}.zip", source)), count

    async def export_dataset(self, target: str | Path, **where: str) -> int:
        """Write the labelled uploads as a zip, under the conditions of GET /dataset/export; the zip's bytes."""
        return await self._download(calls.export(where), Path(target))

    async def start_retrain(self, **options: Unpack[Options]) -> str | None:
        """The number of the job that begins; None if there was nothing new to learn from."""
        return await self._answer(calls.start_retrain(options))

    async def follow(self, job: str) -> AsyncIterator[Progress | Outcome]:
        """A job's events from its first, and at last its outcome; a connection that breaks is taken up again."""
        stream, attempts = Stream(job), Attempts(FOLLOW_RETRIES, may_repeat=True)
        while not stream.is_over:
            heard = stream.last
            error: httpx.RequestError = httpx.ReadError("the events broke off")
            try:
                async with aclosing(await self._send(calls.events(stream), attempts)) as answer:
                    async for event in stream.read_async(answer.aiter_lines()):
                        yield event
            except httpx.RequestError as why:
                error = why
            if stream.last != heard:
                attempts = Attempts(FOLLOW_RETRIES, may_repeat=True)
            elif not stream.is_over:
                await asyncio.sleep(attempts.after_silence(error, self.url))

    async def retrain(
        self, progress: Callable[[Progress], object] | None = None, **options: Unpack[Options]
    ) -> Outcome:
        """Retrain, tell how far it is, and return how it ended: published, refused, cancelled, failed, nothing_new."""
        job = await self.start_retrain(**options)
        if job is None:
            return calls.NOTHING_NEW
        async for event in self.follow(job):
            if isinstance(event, Outcome):
                return event
            if progress is not None:
                progress(event)
        raise AssertionError("a job that is followed has an outcome")

    async def cancel(self, job: str) -> None:
        """Ask a job to stop."""
        await self._answer(calls.cancel(job))

    async def models(self) -> Models:
        """All versions, and the newest moves of what serves."""
        found, following = await self._answer(calls.models(None))
        while following is not None:
            page, following = await self._answer(calls.models(following))
            found = replace(found, versions=found.versions + page.versions)
        return found

    async def export_model(self, version: str, target: str | Path) -> int:
        """Write a version as a zip: its files, and its card as README.md; the zip's bytes."""
        return await self._download(calls.export_model(version), Path(target))

    async def promote(
        self, version: str, reason: str = "", expected: str | None = None, **watching: Unpack[Watching]
    ) -> Promoted:
        """Make a version serve; with `expected` only where that one still does, else InConflict.

        With `watch_minutes` it is watched so long, and goes back by itself if it is worse than the one before.
        """
        return await self._answer(calls.promote(version, reason, expected, watching))

    async def rollback(self, reason: str = "") -> Promoted:
        """Make the version serve that did before the one that does, unless that was changed meanwhile."""
        found, _ = await self._answer(calls.models(None))
        return await self.promote(calls.one_before(found), reason, found.current)

    async def dataset(self) -> Dataset:
        """What was uploaded, in numbers."""
        return await self._answer(calls.dataset())

    async def samples(self, limit: int = 50, why: str | None = None) -> list[Sample]:
        """The first kept predictions that wait for a look: what teaches most first."""
        return await self._answer(calls.samples(limit, why))

    async def feedback(self, words: Sequence[Word]) -> list[Heard | Unusable]:
        """Tell what predictions showed; for each word what became of it, or why it was not heard."""
        return await self._answer(calls.feedback(words))

    async def health(self) -> dict[str, Any]:
        """How the service is, as GET /health says it."""
        return await self._answer(calls.health())

    async def _download(self, call: Call[None], target: Path) -> int:
        """Write what is sent into a new file; its bytes. What breaks off leaves none."""
        async with aclosing(await self._send(call)) as answer:
            file = await asyncio.to_thread(target.open, "xb")
            try:
                with file:
                    return sum([file.write(piece) async for piece in answer.aiter_bytes()])
            except BaseException as error:
                target.unlink()  # noqa: ASYNC240 - at once, whatever ends it
                if isinstance(error, httpx.RequestError):
                    raise unreachable(error, self.url) from error
                raise

    async def _answer(self, call: Call[T]) -> T:
        return answer_of(call, await self._send(call))

    async def _send(self, call: Call[T], attempts: Attempts | None = None) -> httpx.Response:
        """The answer that stands, read unless it comes as a stream; raises RelearnError."""
        attempts = attempts or Attempts(self._retries, call.may_repeat)
        while True:
            request = self._http.build_request(call.method, call.path, **call.request)
            try:
                answer = await self._http.send(request, stream=True)
                if not (call.streams and answer.is_success):
                    await answer.aread()
            except httpx.RequestError as error:
                pause = attempts.after_silence(error, self.url)
            else:
                if answer.is_success:
                    return answer
                pause = attempts.after_refusal(answer)
            await asyncio.sleep(pause)
