"""POST …/infer: a tensor of pictures in, the model's tensors out, through the queues and limits of every prediction."""

from functools import partial

from starlette.types import Receive, Scope, Send

from server.inference.answering import Answered, answered
from server.inference.asking import asked, header_bytes_in
from server.inference.coding import CODINGS, WORTH_BYTES, packed, unpacked
from server.inference.inferring import INLINE_BINARY_BYTES, INLINE_BYTES, Inferring
from server.inference.versions import check_name
from server.predict.answers import server_timing
from server.routes.representation import takes
from server.routes.service import Service
from server.web.access import Record
from server.web.body import read_pieces, whole

Header = tuple[bytes, bytes]


class InferEndpoint:
    """Answers inferences as a bare ASGI application."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._inferring = Inferring(service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = scope["headers_by_name"]
        version: str | None = scope.get("path_params", {}).get("version")
        check_name(self._service, scope.get("path_params", {}).get("name"))
        header_bytes = header_bytes_in(headers)
        body = await self._body(scope, receive, headers)
        record: Record = scope["record"]
        inline = _is_quick(len(body), header_bytes)
        read = partial(asked, body, header_bytes)
        answer = await self._inferring.answer(version, read, answered, record, inline)
        await self._send(send, answer, headers.get(b"accept-encoding", b""), record)

    async def _body(self, scope: Scope, receive: Receive, headers: dict[bytes, bytes]) -> bytes:
        limit_bytes = self._service.settings.body_limit_bytes
        pieces = await read_pieces(scope, receive, limit_bytes, CODINGS)
        coding = headers.get(b"content-encoding", b"").strip().decode("latin-1").lower()
        threads = self._service.threads
        if coding in CODINGS:
            pieces = await unpacked(pieces, coding, scope["share"], threads, limit_bytes)
        if sum(map(len, pieces)) <= INLINE_BINARY_BYTES:
            return whole(pieces)
        with threads.place():
            return await threads.run(whole, pieces)

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


def _is_quick(body_bytes: int, header_bytes: int | None) -> bool:
    """Whether a body is read in no time: its JSON is short, and its binary data are no more than a copy takes."""
    json_bytes = body_bytes if header_bytes is None else header_bytes
    return json_bytes <= INLINE_BYTES and body_bytes <= INLINE_BINARY_BYTES


def _coding(accepted: bytes) -> str | None:
    """How an answer may be packed."""
    wishes = accepted.decode("latin-1")
    return next((coding for coding in CODINGS if accepted and takes(wishes, coding)), None)
