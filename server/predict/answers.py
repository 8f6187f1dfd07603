"""How a prediction is told: as JSON, as Server-Timing, and as the picture that the model saw."""

import base64
import io
from typing import NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray
from PIL import Image
from starlette.types import Send

from server.models.model import Model
from server.pictures.preprocessing import Input
from server.serving.batcher import Answer, QueueFull, QueueTimeout
from server.web.access import Record
from server.web.errors import Busy


class Prediction(NamedTuple):
    """The model's answer for one image."""

    model: Model
    best: int  # index of the most probable label
    probabilities: NDArray[np.float32]  # (labels,)
    score: np.float32 | None


def content_of(prediction: Prediction) -> dict[str, object]:
    """A prediction as it stands in an answer."""
    model, best, probabilities, score = prediction
    content: dict[str, object] = {
        "prediction": best,
        "confidence": probabilities[best],
        "probabilities": probabilities,
        "label": model.labels[best],
        "model_version": model.version,
    }
    if score is not None:
        content["score"] = score
        content["score_threshold"] = model.score_threshold
    return content


def note(record: Record, answer: Answer[Prediction]) -> None:
    """Keep for the log, the metrics and Server-Timing how an answer came about."""
    record.version = answer.results[-1].model.version
    record.queue_seconds += answer.queue_seconds
    record.infer_seconds += answer.run_seconds
    record.batch_size = answer.batch_size


def busy(error: QueueFull | QueueTimeout) -> Busy:
    return Busy(f"the service is busy: {error}; try again shortly")


def server_timing(record: Record) -> bytes:
    """The stages of a prediction in milliseconds, for https://www.w3.org/TR/server-timing/."""
    return b"decode;dur=%.3f, queue;dur=%.3f, infer;dur=%.3f" % (
        record.decode_seconds * 1e3,
        record.queue_seconds * 1e3,
        record.infer_seconds * 1e3,
    )


async def respond(send: Send, content: dict[str, object], record: Record) -> None:
    """Send a prediction as JSON."""
    body = as_json(content)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"server-timing", server_timing(record)),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def as_json(content: dict[str, object]) -> bytes:
    """JSON in which numpy's numbers and arrays may stand; a float32 is written with the digits that tell it apart."""
    return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)


def as_data_url(model_input: Input) -> str:
    """The picture that the model saw, as a PNG that a page can show."""
    file = io.BytesIO()
    Image.fromarray(model_input.squeeze(axis=2) if model_input.shape[2] == 1 else model_input).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
