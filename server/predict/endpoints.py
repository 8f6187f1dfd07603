"""The hot calls: an image in, the model's answer out.

A request is parsed here, and its image read and checked by the predictor, before it may queue.
"""

from collections.abc import Iterator, Sequence
from time import perf_counter

from starlette.types import Receive, Scope, Send

from server.pictures import image
from server.pictures.errors import PictureError
from server.pictures.preprocessing import Input
from server.predict.answers import as_data_url, content_of, note, respond
from server.serving.predictor import Predictor
from server.settings import Settings
from server.web import multipart
from server.web.access import Record
from server.web.body import read_form, read_pieces, sent, whole
from server.web.errors import UnsupportedBody, refusal_of
from server.web.threads import Threads

AT_ONCE = 64  # images of one request that are decoded and queued together; in between it is the others' turn
_TAKEN = (b"image/", b"application/octet-stream", b"binary/octet-stream")


class PredictEndpoint:
    """POST /predict as a bare ASGI application: multipart with one part `file`, or the image itself as the body."""

    def __init__(self, settings: Settings, predictor: Predictor, threads: Threads) -> None:
        self._settings = settings
        self._predictor = predictor
        self._threads = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = scope["headers_by_name"]
        record: Record = scope["record"]
        pieces = await read_pieces(scope, receive, self._settings.body_limit_bytes)
        predictor = self._predictor.chosen()
        predictor.check_room()
        begun = perf_counter()
        model_input = await self._read(predictor, headers.get(b"content-type", b""), pieces)
        record.decode_seconds = perf_counter() - begun
        answer = await predictor.predict([model_input])
        prediction = answer.results[0]
        note(record, answer)
        content = content_of(prediction)
        if scope["query_string"] and b"include=input" in scope["query_string"].split(b"&"):
            content["input"] = as_data_url(model_input)
        await respond(send, content, record)

    async def _read(self, predictor: Predictor, content_type: bytes, pieces: list[bytes]) -> Input:
        """The model's input: of a small picture in a plain body at once, else by a thread."""
        if len(pieces) == 1:
            data = small_image_of(content_type, pieces[0])
            if data is not None:
                return predictor.read(data)
        with self._threads.place():
            return await self._threads.run(lambda: predictor.read(_image_of(content_type, whole(pieces))))


class BatchEndpoint:
    """POST /predict/batch as a bare ASGI application: an answer or an error for each part `files`, in order."""

    def __init__(self, settings: Settings, predictor: Predictor, threads: Threads) -> None:
        self._settings = settings
        self._predictor = predictor
        self._threads = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        record: Record = scope["record"]
        parts = await read_form(scope, receive, self._settings, self._threads)
        files = [part.data for part in multipart.files_of(parts, "curl -F files=@a.png -F files=@b.png …")]
        predictor = self._predictor.chosen()
        predictions = await _predict_all(predictor, files, record)
        while predictor.behind is not None and any(each.model is not predictor.model for each in record.answers):
            predictor = predictor.behind  # so that one version answers all, whatever one that is tried does
            record.answers = ()
            predictions = await _predict_all(predictor, files, record)
        await respond(send, {"model_version": record.version, "predictions": predictions}, record)


async def _predict_all(predictor: Predictor, files: Sequence[bytes], record: Record) -> list[dict[str, object]]:
    predictions: list[dict[str, object]] = []
    record.version = predictor.model.version
    for start in range(0, len(files), AT_ONCE):
        predictions += await _predict_some(predictor, files[start : start + AT_ONCE], record)
    return predictions


async def _predict_some(predictor: Predictor, files: Sequence[bytes], record: Record) -> list[dict[str, object]]:
    predictor.check_room()
    begun = perf_counter()
    readings = await predictor.read_all(files)
    record.decode_seconds += perf_counter() - begun
    inputs = [reading for reading in readings if not isinstance(reading, PictureError)]
    predictions: Iterator[dict[str, object]] = iter(())
    if inputs:
        answer = await predictor.predict(inputs)
        note(record, answer)
        predictions = map(content_of, answer.results)
    return [
        {"error": str(reading), "code": refusal_of(reading).code}
        if isinstance(reading, PictureError)
        else next(predictions)
        for reading in readings
    ]


def small_image_of(content_type: bytes, body: bytes) -> bytes | None:
    """The image in a body, if it is found without a search and small enough for the event loop; else None."""
    if multipart.is_form(content_type):
        data = multipart.plain_file(content_type, body)
    else:
        data = body if _is_taken(content_type, body) else None
    return None if data is None or image.is_large(data) else data


def _image_of(content_type: bytes, body: bytes) -> bytes:
    """The image in a request's body, whichever of the two forms it has; raises Malformed or UnsupportedBody."""
    if multipart.is_form(content_type):
        return multipart.only_file(content_type, body)
    if _is_taken(content_type, body):
        return body
    raise UnsupportedBody(
        f"{sent(content_type, body)} was sent; send the image as multipart/form-data with one part called 'file', or "
        "as the body with Content-Type: image/png"
    )


def _is_taken(content_type: bytes, body: bytes) -> bool:
    """Whether a body that is no form may be an image: one that is called bytes, or nothing at all, is judged later."""
    return content_type[:24].lower().startswith(_TAKEN) or (not content_type and bool(body))
