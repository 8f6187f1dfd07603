"""The hot calls: an image in, the model's answer out.

A request is parsed, decoded and checked here before it may queue, so that a bad image hurts nobody else. Small
pictures are decoded on the event loop, since handing them to a thread costs more than decoding them; large ones in a
thread.
"""

import asyncio
import io
from collections.abc import Iterator, Sequence
from time import perf_counter

from PIL import Image
from starlette.types import Receive, Scope, Send

from server.machine import priority
from server.models.model import Images, Model
from server.pictures import image
from server.pictures.errors import PictureError
from server.pictures.preprocessing import Input
from server.predict.answers import Prediction, as_data_url, busy, content_of, note, respond
from server.serving.batcher import Answer, Batcher, QueueFull, QueueTimeout
from server.serving.takeover import Serving
from server.settings import Settings
from server.web import multipart
from server.web.access import Record
from server.web.body import read_body, read_form
from server.web.errors import Malformed, NoModel, UnsupportedBody, refusal_of

DECODERS = 2  # threads for large pictures; what waits for them waits outside of the model's queue
AT_ONCE = 64  # images of one request that are decoded and queued together; in between it is the others' turn


class Predictor:
    """Image files in, predictions out, in one worker."""

    def __init__(self, settings: Settings, serving: Serving) -> None:
        self._settings = settings
        self._serving = serving
        self._decoders = priority.threads(DECODERS, "decode")
        self.batcher: Batcher[Prediction] = Batcher(
            self._run,
            self._is_slow,
            settings.batch_limit,
            settings.queue_limit,
            settings.queue_timeout_seconds,
        )

    def warm_up(self) -> None:
        """Read a small picture in every format, since Pillow and numpy import much when they first need it.

        Without this the first requests take up to 300 ms. Takes 30.
        """
        if self._serving.model is None:
            return
        picture = Image.new("L", (40, 40), "white")
        picture.paste(0, (16, 10, 22, 30))
        for name in image.FORMATS:
            file = io.BytesIO()
            picture.save(file, name)
            as_data_url(self.model.preprocessing.read(file.getvalue(), self._settings.image_limit_pixels))

    async def read(self, data: bytes) -> Input:
        """The model's input for an image file; raises what Preprocessing.read raises."""
        preprocessing = self.model.preprocessing
        limit = self._settings.image_limit_pixels
        if image.is_large(data):
            return await asyncio.get_running_loop().run_in_executor(self._decoders, preprocessing.read, data, limit)
        return preprocessing.read(data, limit)

    async def read_all(self, files: Sequence[bytes]) -> list[Input | PictureError]:
        """For each file what `read` gives or raises."""
        ready = self.model.preprocessing.read_ready(files)
        return [
            await self._reading(data) if model_input is None else model_input
            for data, model_input in zip(files, ready, strict=True)
        ]

    async def _reading(self, data: bytes) -> Input | PictureError:
        try:
            return await self.read(data)
        except PictureError as error:
            return error

    def close(self) -> None:
        """Let go of the threads; what they do is finished first."""
        self.batcher.close()
        self._decoders.shutdown(cancel_futures=True)

    def check_room(self) -> None:
        """Raise Busy if the queue is full: to be asked before work is put into an image."""
        try:
            self.batcher.check(1)
        except QueueFull as error:
            raise busy(error) from None

    async def predict(self, inputs: Sequence[Input]) -> Answer[Prediction]:
        """The answers, in order; raises Busy when the queue is full or the wait was too long."""
        try:
            return await self.batcher.submit(inputs)
        except (QueueFull, QueueTimeout) as error:
            raise busy(error) from None

    @property
    def model(self) -> Model:
        model = self._serving.model
        if model is None:
            raise NoModel(f"no model is loaded: {self._serving.problem}")
        return model

    def _run(self, images: Images) -> list[Prediction]:
        model = self.model
        outputs = model.predict(images)
        probabilities = outputs.probabilities
        scores = outputs.scores if outputs.scores is not None else [None] * len(images)
        return [
            Prediction(model, best, row, score)
            for best, row, score in zip(probabilities.argmax(axis=1).tolist(), probabilities, scores, strict=True)
        ]

    def _is_slow(self) -> bool:
        # Inline on the loop a small model answers 1.2 times as many requests a second as from a thread, since one
        # worker has one core; from here on a batch would make everybody else wait longer than the hand-over costs.
        return self.model.batch_seconds > 0.004


class PredictEndpoint:
    """POST /predict as a bare ASGI application: multipart with one part `file`, or the image itself as the body."""

    def __init__(self, settings: Settings, predictor: Predictor) -> None:
        self._settings = settings
        self._predictor = predictor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = scope["headers_by_name"]
        record: Record = scope["record"]
        body = await read_body(scope, receive, self._settings)
        self._predictor.check_room()
        begun = perf_counter()
        data = image_of(headers.get(b"content-type", b""), body)
        model_input = await self._predictor.read(data)
        record.decode_seconds = perf_counter() - begun
        answer = await self._predictor.predict([model_input])
        prediction = answer.results[0]
        note(record, answer)
        content = content_of(prediction)
        if scope["query_string"] and b"include=input" in scope["query_string"].split(b"&"):
            content["input"] = as_data_url(model_input)
        await respond(send, content, record)


class BatchEndpoint:
    """POST /predict/batch as a bare ASGI application: an answer or an error for each part `files`, in order."""

    def __init__(self, settings: Settings, predictor: Predictor) -> None:
        self._settings = settings
        self._predictor = predictor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        record: Record = scope["record"]
        parts = await read_form(scope, receive, self._settings)
        files = [part.data for part in parts if part.name == "files" and part.filename is not None]
        if not files:
            raise Malformed(
                "the form has no parts called 'files'; send at least one: curl -F files=@a.png -F files=@b.png …"
            )
        predictions: list[dict[str, object]] = []
        record.version = self._predictor.model.version
        for start in range(0, len(files), AT_ONCE):
            predictions += await _predict_some(self._predictor, files[start : start + AT_ONCE], record)
        await respond(send, {"model_version": record.version, "predictions": predictions}, record)


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


def image_of(content_type: bytes, body: bytes) -> bytes:
    """The image in a request's body, whichever of the two forms it has; raises Malformed or UnsupportedBody."""
    if multipart.is_form(content_type):
        return multipart.only_file(content_type, body)
    if content_type[:24].lower().startswith((b"image/", b"application/octet-stream")):
        return body
    raise UnsupportedBody(
        "send the image as multipart/form-data with one part called 'file', or as the body with Content-Type: image/png"
    )
