"""POST /upload: a form's pictures and labels, judged through the same door as a prediction, doubted, and stored."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from time import perf_counter

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.layouts.errors import DatasetError
from server.pictures.errors import PictureError, UnusableImage
from server.pictures.image import Limits
from server.pictures.preprocessing import Input, Preprocessing
from server.routes.claims import Claim, Claims, claims_of
from server.routes.labels import check_label, labels_of
from server.routes.once import once
from server.routes.requests import by
from server.routes.service import Service
from server.serving.prediction import Prediction, probability_of
from server.store.annotations import Label
from server.store.dataset import Labelled, Stored
from server.store.errors import UnusableLabel
from server.store.files import Json
from server.web.body import read_form
from server.web.budget import Share
from server.web.errors import refusal_of
from server.web.multipart import Part

TURN_SECONDS = 0.05  # for which one upload may have a thread while others wait
DOUBT_AT_ONCE = 256  # images that are shown to the model in one submission
AS_IT_CAME = Preprocessing("resize", 28, 28, 3)  # while no version reads pictures: in colour, and not blank
BROKEN_SHARE = 0.1  # of a dataset's pictures; more that can't be used are a copy that failed, or another kind of data


def routes(service: Service) -> list[Route]:
    work = asyncio.to_thread

    async def upload(request: Request) -> Response:
        door = await work(door_of, service)
        parts = await read_form(request.scope, request.receive, service.settings, service.threads)
        async with once(service, request, _content(parts)) as first:
            if first.earlier is not None:
                return first.earlier
            with service.threads.place():
                claims = await service.threads.run(claims_of, parts, service.settings)
                usable, refused = await examined(service, claims.each, door, request.scope["share"])
            _check(claims, usable, refused)
            usable = await doubted(service, usable)
            answer: dict[str, Json] = {}

            def note(connection: Connection, stored: Stored) -> None:
                answer.update(_answer(claims, usable, stored, refused))
                first.note(connection, 201, answer)

            add = service.memory.dataset.add
            await work(add, [each.labelled for each in usable], claims.source, by(request), note)
            return JSONResponse(answer, 201)

    return [Route("/upload", upload, methods=["POST"])]


def _content(parts: Sequence[Part]) -> Iterable[bytes]:
    """What a form says, whatever its boundary is."""
    for part in parts:
        yield from (part.name.encode(), b"" if part.filename is None else part.filename.encode(), part.data)


@dataclass(frozen=True)
class Door:
    """What an upload is judged by."""

    labels: Sequence[Label]
    preprocessing: Preprocessing


def door_of(service: Service) -> Door:
    """Reads the database; raises NoModel where there is neither a version nor a class."""
    model = service.serving.model
    labels = labels_of(service)
    return Door(labels, model.preprocessing if model is not None else AS_IT_CAME)


@dataclass(frozen=True)
class Usable:
    """A picture that can be learnt from, with what it is said to show."""

    filename: str
    was_looked_at: bool
    labelled: Labelled
    model_input: Input

    @property
    def bytes(self) -> int:
        """What it holds in memory: Pillow keeps colours in four bytes."""
        picture = self.labelled.picture
        return picture.width * picture.height * (1 if picture.mode == "L" else 4) + self.model_input.nbytes


@dataclass(frozen=True)
class Refused:
    """A file that can't be used, and why."""

    filename: str
    error: PictureError | UnusableLabel

    def to_json(self) -> dict[str, str]:
        return {"file": self.filename, "error": str(self.error), "code": refusal_of(self.error).code}


async def examined(
    service: Service, claims: Sequence[Claim], door: Door, share: Share
) -> tuple[list[Usable], list[Refused]]:
    """Which files could be learnt from, and why the others could not; raises Busy where they take too much."""
    usable: list[Usable] = []
    refused: list[Refused] = []
    limits = Limits.of(service.settings)
    position = 0
    while position < len(claims):
        some = await service.threads.run(_examine, islice(claims, position, None), door, limits)
        position += len(some)
        usable += [each for each in some if isinstance(each, Usable)]
        refused += [each for each in some if isinstance(each, Refused)]
        share.take(sum(each.bytes for each in some if isinstance(each, Usable)))
    return usable, refused


def _examine(claims: Iterable[Claim], door: Door, limits: Limits) -> list[Usable | Refused]:
    """The first of the files, judged through the same door as a prediction: as many as one turn has time for."""
    judged: list[Usable | Refused] = []
    begun = perf_counter()
    for claim in claims:
        try:
            check_label(claim.label, door.labels)
            picture = door.preprocessing.kept(_bytes_of(claim), limits)
            labelled, model_input = Labelled(picture, claim.label), door.preprocessing.apply(picture)
            judged.append(Usable(claim.file, claim.was_looked_at, labelled, model_input))
        except (PictureError, UnusableLabel) as error:
            judged.append(Refused(claim.file, error))
        if perf_counter() - begun > TURN_SECONDS:
            break
    return judged


def _bytes_of(claim: Claim) -> bytes:
    try:
        return claim.read()
    except OSError as error:
        raise UnusableImage(str(error)) from None


def _check(claims: Claims, usable: Sequence[Usable], refused: Sequence[Refused]) -> None:
    """Raise where there is nothing to store, or so little of a dataset that it is better sent again."""
    if not claims.each:
        passed_over = "; ".join(f"{file[:40]!r}: {why}" for file, why in claims.passed_over[:3])
        raise DatasetError(f"there is no picture with a label in the form. {passed_over}".rstrip())
    if not usable:
        raise _nothing_usable(refused)
    broken = [each for each in refused if isinstance(each.error, PictureError)]
    if claims.is_dataset and len(broken) > max(1, BROKEN_SHARE * len(claims.each)):
        many = f"{len(broken)} of {len(claims.each)} pictures can't be used, more than {BROKEN_SHARE:.0%}"
        raise UnusableImage(f"{many}, so nothing was stored; mend them or leave them out. {_reasons(broken)}")


async def doubted(service: Service, usable: list[Usable]) -> list[Usable]:
    """The same images, with those marked whose label the model finds nearly impossible: most often a finger slipped.

    It guards against slips, not against malice: whoever wants to harm can label what the model is unsure of. What a
    person looked at is not doubted, and nothing is while no model serves.
    """
    if service.serving.model is None:
        return usable
    judged = list(usable)
    asked = [position for position, each in enumerate(usable) if not each.was_looked_at]
    called: dict[str, list[Label]] = {}  # by version, since one may take over in between
    for first in range(0, len(asked), DOUBT_AT_ONCE):
        some = asked[first : first + DOUBT_AT_ONCE]
        answer = await service.predictor.predict([usable[position].model_input for position in some])
        for position, prediction in zip(some, answer.results, strict=True):
            each, version = usable[position], prediction.model.version
            if version not in called:
                called[version] = await asyncio.to_thread(service.memory.classes.called, prediction.model.labels)
            doubt = _doubt_of(each.labelled.label, prediction, called[version], service.settings.suspect_below)
            judged[position] = each if doubt is None else replace(each, labelled=replace(each.labelled, doubt=doubt))
    return judged


def _doubt_of(
    label: Label, prediction: Prediction, called: Sequence[Label], suspect_below: float
) -> tuple[float, Label] | None:
    """The model's probability of a label, where it is nearly impossible, and what the model says instead.

    `called` are the model's labels by what they are called now. It may be another model than the one by whose labels
    the upload was judged, and not know the label.
    """
    if label not in called:
        return None
    probability = probability_of(label, prediction, called)
    return (probability, called[prediction.best]) if probability < suspect_below else None


def _nothing_usable(refused: Sequence[Refused]) -> PictureError | UnusableLabel:
    if len(refused) == 1:
        return refused[0].error
    return UnusableImage(f"none of the {len(refused)} files can be used, so nothing was stored. {_reasons(refused)}")


def _reasons(refused: Sequence[Refused]) -> str:
    return "; ".join(f"{each.filename[:40]!r}: {each.error}" for each in refused[:3])


def _answer(claims: Claims, usable: list[Usable], stored: Stored, refused: list[Refused]) -> dict[str, Json]:
    plural = "" if stored.count == 1 else "s"
    return {
        "message": f"Uploaded {stored.count} image{plural} successfully",
        "count": stored.count,
        "batch": stored.batch,
        "duplicates": [usable[position].filename for position in stored.duplicates],
        "suspects": [
            {
                "file": usable[each.position].filename,
                "sha256": each.sha256,
                "label": each.label,
                "probability": each.probability,
                "predicted": each.predicted,
            }
            for each in stored.suspects
        ],
        "refused": [dict[str, Json](each.to_json()) for each in refused],
        "passed_over": [{"file": file, "reason": reason} for file, reason in claims.passed_over],
    }
