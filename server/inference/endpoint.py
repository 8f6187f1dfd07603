"""POST …/infer: a tensor of pictures in, the model's tensors out, through the queues and limits of every prediction."""

from collections.abc import Sequence
from time import perf_counter

import numpy as np
from starlette.types import Receive, Scope, Send

from server.inference.answering import Answered, answered
from server.inference.asking import Asked, asked
from server.inference.coding import CODINGS, WORTH_BYTES, packed, unpacked
from server.pictures.errors import PictureError
from server.pictures.preprocessing import Input
from server.predict.answers import note, server_timing
from server.predict.endpoints import AT_ONCE
from server.routes.representation import takes
from server.routes.service import Service
from server.serving.prediction import Prediction
from server.serving.predictor import Predictor
from server.web.access import Record
from server.web.body import read_pieces, whole
from server.web.errors import Busy, Malformed, NoSuchPath

INLINE_BYTES = 2**14  # of a body that is read, and of an answer that is packed, where it holds nobody up
INLINE_VALUES = 2**10  # of an answer that is made there
TRIES = 3  # at pictures of which some met the version before

Header = tuple[bytes, bytes]


class InferEndpoint:
    """Answers inferences as a bare ASGI application."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = scope["headers_by_name"]
        version: str | None = scope.get("path_params", {}).get("version")
        check_name(self._service, scope.get("path_params", {}).get("name"))
        header_bytes = _header_bytes(headers)
        body = await self._body(scope, receive, headers)
        record: Record = scope["record"]
        predictor = self._service.predictor
        if version is None or version == predictor.model.version:
            answer = await self._of_serving(body, header_bytes, record, version)
        else:
            answer = None
        if answer is None:
            async with self._service.shelf.lend(version or predictor.model.version) as lent:
                request = await self._asked(lent, body, header_bytes)
                answer = await self._answered(request, await _results(lent, request, record))
        await self._send(send, answer, headers.get(b"accept-encoding", b""), record)

    async def _of_serving(
        self, body: bytes, header_bytes: int | None, record: Record, version: str | None
    ) -> Answered | None:
        """The answer of what serves; None if that is the version wanted no more."""
        predictor = self._service.predictor
        for _ in range(TRIES):
            request = await self._asked(predictor, body, header_bytes)
            results = await _results(predictor, request, record)
            versions = {result.model.version for result in results}
            if len(versions) == 1 and version in (None, *versions):
                return await self._answered(request, results)
            if version is not None:
                return None
        raise Busy("one version after another is taken over; try again shortly")

    async def _body(self, scope: Scope, receive: Receive, headers: dict[bytes, bytes]) -> bytes:
        limit_bytes = self._service.settings.body_limit_bytes
        pieces = await read_pieces(scope, receive, limit_bytes, CODINGS)
        coding = headers.get(b"content-encoding", b"").strip().decode("latin-1").lower()
        threads = self._service.threads
        if coding in CODINGS:
            pieces = await unpacked(pieces, coding, scope["share"], threads, limit_bytes)
        if sum(map(len, pieces)) <= INLINE_BYTES:
            return whole(pieces)
        with threads.place():
            return await threads.run(whole, pieces)

    async def _asked(self, predictor: Predictor, body: bytes, header_bytes: int | None) -> Asked:
        predictor.check_room()
        arguments = body, header_bytes, predictor.model.manifest, self._service.settings.upload_limit_files
        if len(body) <= INLINE_BYTES or header_bytes == 0:
            return asked(*arguments)
        with self._service.threads.place():
            return await self._service.threads.run(asked, *arguments)

    async def _answered(self, request: Asked, results: Sequence[Prediction]) -> Answered:
        name = self._service.settings.name
        if len(results) * len(results[0].probabilities) <= INLINE_VALUES:
            return answered(name, request, results)
        with self._service.threads.place():
            return await self._service.threads.run(answered, name, request, results)

    async def _send(self, send: Send, answer: Answered, accepted: bytes, record: Record) -> None:
        body = answer.body
        headers: list[Header] = [(b"server-timing", server_timing(record))]
        if answer.header_bytes is None:
            headers.append((b"content-type", b"application/json"))
        else:
            headers.append((b"content-type", b"application/octet-stream"))
            headers.append((b"inference-header-content-length", b"%d" % answer.header_bytes))
        coding = _coding(accepted) if len(body) >= WORTH_BYTES else None
        if coding is not None:
            if len(body) <= INLINE_BYTES:
                body = packed(body, coding)
            else:
                with self._service.threads.place():
                    body = await self._service.threads.run(packed, body, coding)
            headers += [(b"content-encoding", coding.encode()), (b"vary", b"accept-encoding")]
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def check_name(service: Service, name: str | None) -> None:
    """Raise NoSuchPath for a model of another name; None where the path has no other."""
    served = service.settings.name
    if name is not None and name != served:
        raise NoSuchPath(f"there is no model {name[:100]!r}; this service has {served!r}")


async def _results(predictor: Predictor, request: Asked, record: Record) -> list[Prediction]:
    """What the model says of every picture, some at a time; raises the error of the first that is none."""
    found: list[Prediction] = []
    images = request.images
    record.answers = ()
    for start in range(0, len(images), AT_ONCE):
        predictor.check_room()
        part = images[start : start + AT_ONCE]
        inputs = list(part) if isinstance(part, np.ndarray) else await _read(predictor, part, start, record)
        answer = await predictor.predict(inputs)
        note(record, answer)
        found += answer.results
    return found


async def _read(predictor: Predictor, files: Sequence[bytes], start: int, record: Record) -> list[Input]:
    begun = perf_counter()
    readings = await predictor.read_all(files)
    record.decode_seconds += perf_counter() - begun
    inputs: list[Input] = []
    for number, reading in enumerate(readings, start):
        if isinstance(reading, PictureError):
            raise type(reading)(f"picture {number} of the input image: {reading}")
        inputs.append(reading)
    return inputs


def _header_bytes(headers: dict[bytes, bytes]) -> int | None:
    told = headers.get(b"inference-header-content-length")
    if told is None:
        return None
    if not told.isdigit() or len(told) > 15:
        raise Malformed(f"Inference-Header-Content-Length is {told[:40].decode('latin-1')!r}, not a number of bytes")
    return int(told)


def _coding(accepted: bytes) -> str | None:
    """How an answer may be packed."""
    wishes = accepted.decode("latin-1")
    return next((coding for coding in CODINGS if accepted and takes(wishes, coding)), None)
