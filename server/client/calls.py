"""The calls, as what is sent and how the answer is read; both clients send them."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypedDict, TypeVar
from urllib.parse import quote

import httpx

from .answers import Dataset, Models, Outcome, Prediction, Promoted, Uploaded
from .errors import RelearnError, ServerFailed, Unusable
from .events import Stream
from .pictures import Picture, named
from .samples import Heard, Sample, Word

T = TypeVar("T")

PAGE = 1000  # versions that are listed at once

NOTHING_NEW = Outcome("nothing_new", None, None, None, None, "nothing new to learn from")

Sent = list[tuple[str, bytes]]


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request, and how its answer is read."""

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    may_repeat: bool = True  # since it changes nothing, or twice is once
    streams: bool = False  # whether the body is read as it comes
    request: Mapping[str, Any] = field(default_factory=dict)  # httpx' arguments


class Options(TypedDict, total=False):
    """What a retrain may be told; the server has a default for each."""

    epochs: int
    batch_size: int
    learning_rate: float
    uploads_share: float
    seed: int
    from_scratch: bool
    force: bool  # although there is nothing new to learn from


def answer_of(call: Call[T], response: httpx.Response) -> T:
    """What a call is answered; raises ServerFailed for what Relearn does not answer."""
    try:
        return call.read(response)
    except (ValueError, KeyError, TypeError):
        sentence = f"{response.url} answered {response.status_code} with something that is not Relearn's"
        raise ServerFailed(sentence, "unknown", response.status_code) from None


def predict(picture: Picture) -> Call[Prediction]:
    headers = {"Content-Type": "application/octet-stream"}
    request = {"content": named(picture)[1], "headers": headers}

    def read(answer: httpx.Response) -> Prediction:
        content = answer.json()
        return Prediction.of(content, content["model_version"])

    return Call("POST", "/predict", read, request=request)


def predict_many(pictures: Sent) -> Call[list[Prediction | Unusable]]:
    def read(answer: httpx.Response) -> list[Prediction | Unusable]:
        content = answer.json()
        return [
            Unusable(each["error"], each["code"]) if "error" in each else Prediction.of(each, content["model_version"])
            for each in content["predictions"]
        ]

    return Call("POST", "/predict/batch", read, request={"files": _parts(pictures)})


def upload(pictures: Sent, labels: Sequence[str], source: str) -> Call[Uploaded]:
    if len(pictures) != len(labels):
        raise RelearnError(f"there are {len(pictures)} pictures and {len(labels)} labels: each picture needs one")
    return _upload(pictures, {"labels": [str(label) for label in labels]}, source)


def upload_zip(data: bytes, name: str, source: str) -> Call[Uploaded]:
    return _upload([(name, data)], {}, source)


def _upload(files: Sent, fields: dict[str, Any], source: str) -> Call[Uploaded]:
    more = {"source": source} if source else {}
    return Call(
        *("POST", "/upload", lambda answer: Uploaded.of(answer.json())),
        request={"files": _parts(files), "data": fields | more, "headers": once()},
    )


def start_retrain(options: Options) -> Call[str | None]:
    """The job's number; None where there was nothing new to learn from."""
    return Call(
        *("POST", "/retrain", lambda answer: answer.json()["job"]),
        request={"json": options, "headers": once()},
    )


def events(stream: Stream) -> Call[None]:
    """A job's events from where the stream is."""
    path, headers = f"/retrain/jobs/{in_path(stream.job)}/events", {"Last-Event-ID": stream.last}
    return Call("GET", path, lambda _: None, streams=True, request={"headers": headers})


def export(where: Mapping[str, str]) -> Call[None]:
    """The labelled uploads as a zip."""
    return Call("GET", "/dataset/export", lambda _: None, streams=True, request={"params": where})


def export_model(version: str) -> Call[None]:
    """A version as a zip."""
    return Call("GET", f"/models/{in_path(version)}/archive", lambda _: None, streams=True)


def cancel(job: str) -> Call[None]:
    return Call("DELETE", f"/retrain/jobs/{in_path(job)}", lambda _: None)  # twice is once


def models(before: int | None) -> Call[tuple[Models, int | None]]:
    """A page of them, and what `before` is for the next."""
    asked = {"limit": PAGE} | ({} if before is None else {"before": before})
    return Call(
        *("GET", "/models", lambda answer: (Models.of(answer.json()), answer.json()["next"])),
        request={"params": asked},
    )


def promote(version: str, reason: str, expected: str | None, more: Mapping[str, object]) -> Call[Promoted]:
    content = {**more, "reason": reason} if reason else more
    return Call(
        *(
            "POST",
            f"/models/{in_path(version)}/promote",
            lambda answer: Promoted.of(answer.json(), answer.status_code == 200),
        ),
        request={"json": content, "headers": expecting(expected) | once()},
    )


def dataset() -> Call[Dataset]:
    return Call("GET", "/dataset", lambda answer: Dataset.of(answer.json()))


def samples(limit: int, why: str | None) -> Call[list[Sample]]:
    asked = {"limit": limit} | ({} if why is None else {"why": why})
    return Call(
        *("GET", "/samples", lambda answer: [Sample.of(each) for each in answer.json()["samples"]]),
        request={"params": asked},
    )


def feedback(words: Sequence[Word]) -> Call[list[Heard | Unusable]]:
    def read(answer: httpx.Response) -> list[Heard | Unusable]:
        return [
            Unusable(each["error"], each["code"]) if "error" in each else Heard.of(each)
            for each in answer.json()["results"]
        ]

    return Call("POST", "/feedback", read, request={"json": list(words), "headers": once()})


def health() -> Call[dict[str, Any]]:
    return Call("GET", "/health", lambda answer: dict(answer.json()))


def one_before(found: Models) -> str:
    """The version that served before the one that does; raises RelearnError where there was none."""
    for move in found.moves:  # newest first
        if move.to_version == found.current and move.from_version and move.from_version != found.current:
            return move.from_version
    raise RelearnError(f"version {found.current} is the first that serves, so there is none to go back to")


def _parts(files: Sent) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("files", (name, data, "application/octet-stream")) for name, data in files]


def once() -> dict[str, str]:
    """By which the server knows a call again, and carries it out once."""
    return {"Idempotency-Key": str(uuid.uuid4())}


def expecting(version: str | None) -> dict[str, str]:
    """That this version serves still, where one is named."""
    return {} if version is None else {"If-Match": f'"{version}"'}


def in_path(text: str) -> str:
    """A version or a job as a part of a path, whatever is in it."""
    return quote(str(text), safe="")
