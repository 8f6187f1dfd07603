"""POST /feedback: what kept predictions showed, told by the request or by somebody who looked at the sample.

A label makes an upload of the sample: it is examined, doubted, stored and split as any other (upload.py). What was said
stands on the sample as well. A call that ends in between may be repeated: the upload is there already, then.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.pictures.errors import PictureError
from server.routes.claims import Claim
from server.routes.once import First, json_of, once
from server.routes.requests import by, json_objects
from server.routes.service import Service
from server.routes.upload import door_of, doubted, examined
from server.store.errors import Conflict, NotFound, StoreError
from server.store.files import Json
from server.store.sample import Sample
from server.web.errors import Malformed, RequestError, refusal_of

BODY_LIMIT_BYTES = 2**18
SKIP_LIMIT = 200  # characters of a reason
FEEDBACK, REVIEW = "feedback", "review"  # sources of the uploads
FIELDS = {"request_id", "position", "sample", "label", "skip"}

Fault = RequestError | StoreError | PictureError
Result = dict[str, str] | Fault


@dataclass(frozen=True)
class Word:
    """What somebody said of a sample."""

    sample: Sample
    source: str
    label: str | None
    skip: str | None

    @property
    def noted(self) -> Mapping[str, str | None]:
        """How it stands on the sample."""
        if self.source == FEEDBACK:
            return {"feedback": self.label}
        return {"reviewed": self.label, "skipped": self.skip}

    def names(self, source: str) -> bool:
        """Whether it is a label for an upload of that source."""
        return self.source == source and self.label is not None

    def told(self, status: str) -> dict[str, str]:
        return {"sample": str(self.sample.id), "request_id": self.sample.request_id, "status": status}


def routes(service: Service) -> list[Route]:
    async def feedback(request: Request) -> Response:
        given = await json_objects(request, BODY_LIMIT_BYTES)
        many = given if isinstance(given, list) else [given]
        if len(many) > service.settings.upload_limit_files:
            raise Malformed(f"{len(many)} words at once; send at most {service.settings.upload_limit_files}")
        async with once(service, request, [json_of(given)]) as first:
            return first.earlier or await hear(request, first, given, many)

    async def hear(request: Request, first: First, given: object, many: Sequence[dict[str, Json]]) -> Response:
        words = await asyncio.to_thread(lambda: [_found(service, each) for each in many])
        results: list[Result] = [each.told(_status(each)) if isinstance(each, Word) else each for each in words]
        batches = []
        for source in (FEEDBACK, REVIEW):
            named = {place: each for place, each in enumerate(words) if isinstance(each, Word) and each.names(source)}
            batch, told = await _stored(service, request, source, list(named.values()))
            batches += [] if batch is None else [batch]
            for place, result in zip(named, told, strict=True):
                results[place] = result
        if given is not many and isinstance(results[0], Exception):
            raise results[0]
        heard = [word for word, result in zip(words, results, strict=True) if isinstance(result, dict)]
        noted = [(each.sample.sha256, each.noted) for each in heard if isinstance(each, Word)]
        message = f"{len(noted)} of {len(many)} heard" if len(noted) < len(many) else f"{len(noted)} heard"
        listed: list[Json] = [dict(_fault(each) if isinstance(each, Exception) else each) for each in results]
        answer: dict[str, Json] = {"message": message, "batches": list[Json](batches), "results": listed}

        def note(connection: Connection) -> None:
            if noted:
                first.note(connection, 200, answer)

        await asyncio.to_thread(service.memory.samples.note, noted, note)
        return JSONResponse(answer)

    return [Route("/feedback", feedback, methods=["POST"])]


def _found(service: Service, given: Mapping[str, Json]) -> Word | Fault:
    """The sample that a word is about, and the word; or why there is none."""
    try:
        return _word(service, given)
    except (Malformed, NotFound, Conflict) as error:
        return error


def _word(service: Service, given: Mapping[str, Json]) -> Word:
    request_id, number, label, skip = (given.get(name) for name in ("request_id", "sample", "label", "skip"))
    if not given.keys() <= FIELDS or (request_id is None) == (number is None):
        raise Malformed('say {"request_id": "…", "label": "7"}, or {"sample": "12", "label": "7"}')
    if any(not isinstance(each, str | None) for each in (request_id, number, label, skip)):
        raise Malformed("request_id, sample, label and skip must be text")
    if isinstance(number, str):
        if skip is not None and (label is not None or not 0 < len(str(skip)) <= SKIP_LIMIT):
            raise Malformed(f"a skip has a reason of 1 to {SKIP_LIMIT} characters, and no label")
        if skip is None and "label" not in given:
            raise Malformed("a label or a skip is missing; a label of null takes back what was said")
        return Word(service.memory.samples.find(number), REVIEW, _text(label), _text(skip))
    if not isinstance(label, str) or skip is not None:
        raise Malformed("feedback by request_id needs a label; a sample can be skipped by its number")
    return Word(_of_request(service, str(request_id), given.get("position")), FEEDBACK, label, None)


def _text(value: Json) -> str | None:
    return None if value is None else str(value)


def _of_request(service: Service, request_id: str, position: Json) -> Sample:
    """The sample of a request; raises NotFound, or Conflict where there are several pictures."""
    found = service.memory.samples.of_request(request_id[:64])
    if position is not None:
        found = [each for each in found if each.position == position]
    if not found:
        raise NotFound(
            f"no sample is kept of the request {request_id[:64]!r}: it never was, or it is gone by now; POST /upload "
            "takes the picture itself"
        )
    if len({each.sha256 for each in found}) > 1:
        raise Conflict(
            f"{len(found)} pictures of the request {request_id[:64]!r} are kept: say which by position, or by sample "
            f"({', '.join(str(each.id) for each in found[:5])})"
        )
    return found[0]


def _status(word: Word) -> str:
    return "waiting" if word.skip is None else "skipped"


async def _stored(
    service: Service, request: Request, source: str, words: Sequence[Word]
) -> tuple[str | None, list[Result]]:
    """The batch that samples became with their labels, if one was new, and what came of each."""
    if not words:
        return None, []
    read = service.memory.samples.picture
    claims = [
        Claim(str(place), each.label or "", partial(read, each.sample), False) for place, each in enumerate(words)
    ]
    door = await asyncio.to_thread(door_of, service)
    with service.threads.place():
        usable, refused = await examined(service, claims, door, request.scope["share"])
    usable = await doubted(service, usable)
    results: dict[str, Result] = {each.filename: each.error for each in refused}
    if not usable:
        return None, [results[str(place)] for place in range(len(words))]
    add = service.memory.dataset.add
    stored = await asyncio.to_thread(add, [each.labelled for each in usable], source, by(request))
    suspects = {each.position for each in stored.suspects}
    for position, each in enumerate(usable):
        status = "unchanged" if position in stored.duplicates else "suspect" if position in suspects else "stored"
        results[each.filename] = words[int(each.filename)].told(status)
    return stored.batch, [results[str(place)] for place in range(len(words))]


def _fault(error: Exception) -> dict[str, str]:
    return {"error": str(error), "code": refusal_of(error).code}
