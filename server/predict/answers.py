"""How a prediction is told: as JSON, as Server-Timing, and as the picture that the model saw."""

import base64

import orjson
from starlette.types import Send

from server.pictures import image
from server.pictures.preprocessing import Input
from server.serving.caller import Answer
from server.serving.prediction import Prediction
from server.web.access import Record


def content_of(prediction: Prediction) -> dict[str, object]:
    """A prediction as it stands in an answer."""
    model, best, probabilities, score = prediction[:4]
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
    """Keep for the log, the metrics and Server-Timing what was answered, and how that came about."""
    note_course(record, answer)
    record.answers = [*record.answers, *answer.results] if record.answers else answer.results


def note_course(record: Record, answer: Answer[Prediction]) -> None:
    """Keep how an answer came about, which is a part of what will be sent."""
    record.version = answer.results[-1].model.version
    record.queue_seconds += answer.queue_seconds
    record.infer_seconds += answer.run_seconds
    record.batch_size = answer.batch_size


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
    return "data:image/png;base64," + base64.b64encode(image.as_png(model_input)).decode()
