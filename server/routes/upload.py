"""POST /upload: a form's files and labels, judged through the same door as a prediction, doubted, and stored."""

import asyncio
from dataclasses import dataclass, replace
from time import perf_counter

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.models.model import Model
from server.pictures.errors import PictureError, UnusableImage
from server.pictures.image import Limits
from server.pictures.preprocessing import Input
from server.routes.requests import by
from server.routes.service import Service
from server.serving.predictor import Prediction
from server.store.annotations import Label
from server.store.dataset import Labelled, Stored
from server.store.errors import UnusableLabel
from server.store.standing import CORRECTION
from server.web.body import read_form
from server.web.budget import Share
from server.web.errors import Malformed, refusal_of
from server.web.multipart import Part, files_of

SOURCE_LIMIT = 40  # characters
TURN_SECONDS = 0.05  # for which one upload may have a thread while others wait
DOUBT_AT_ONCE = 256  # images that are shown to the model in one submission


def routes(service: Service) -> list[Route]:
    work = asyncio.to_thread

    async def upload(request: Request) -> Response:
        model = service.predictor.model
        parts = await read_form(request.scope, request.receive, service.settings, service.threads)
        with service.threads.place():
            files, labels, source = await service.threads.run(_fields, parts)
            usable, refused = await _examined(service, files, labels, model, request.scope["share"])
        if not usable:
            raise _nothing_usable(refused)
        if source != CORRECTION:
            usable = await _doubt(service, usable)
        stored = await work(service.memory.dataset.add, [each.labelled for each in usable], source, by(request))
        return JSONResponse(_answer(usable, stored, refused), 201)

    return [Route("/upload", upload, methods=["POST"])]


@dataclass(frozen=True)
class _Usable:
    filename: str
    labelled: Labelled
    model_input: Input

    @property
    def bytes(self) -> int:
        """What it holds in memory: Pillow keeps colours in four bytes."""
        picture = self.labelled.picture
        return picture.width * picture.height * (1 if picture.mode == "L" else 4) + self.model_input.nbytes


@dataclass(frozen=True)
class _Refused:
    filename: str
    error: PictureError | UnusableLabel

    def to_json(self) -> dict[str, str]:
        return {"file": self.filename, "error": str(self.error), "code": refusal_of(self.error).code}


def _fields(parts: list[Part]) -> tuple[list[Part], list[str], str]:
    """The form's files, a label for each, and the source; raises Malformed where they do not match."""
    files = files_of(parts, "curl -F files=@a.png -F labels=7 …")
    labels = [part.data.decode("utf-8", "replace") for part in parts if part.name == "labels"]
    if len(labels) == 1 and len(files) > 1:
        labels = labels[0].split(",", len(files))
    if len(labels) != len(files):
        raise Malformed(
            f"{len(files)} files but {len(labels)} labels; send one label a file, in the same order: "
            "labels repeated, or one field with commas"
        )
    source = next((part.data.decode("utf-8", "replace") for part in parts if part.name == "source"), "upload")
    if not source.replace("-", "").isalnum() or not source.isascii() or len(source) > SOURCE_LIMIT:
        raise Malformed(f"source must be a word of at most {SOURCE_LIMIT} letters and digits, such as {CORRECTION!r}")
    return files, [label.strip() for label in labels], source


async def _examined(
    service: Service, files: list[Part], labels: list[str], model: Model, share: Share
) -> tuple[list[_Usable], list[_Refused]]:
    """Which files could be learnt from, and why the others could not; raises Busy where they take too much."""
    usable: list[_Usable] = []
    refused: list[_Refused] = []
    limits = Limits.of(service.settings)
    position = 0
    while position < len(files):
        some = await service.threads.run(_examine, files[position:], labels[position:], model, limits)
        position += len(some)
        usable += [each for each in some if isinstance(each, _Usable)]
        refused += [each for each in some if isinstance(each, _Refused)]
        share.take(sum(each.bytes for each in some if isinstance(each, _Usable)))
    return usable, refused


def _examine(files: list[Part], labels: list[str], model: Model, limits: Limits) -> list[_Usable | _Refused]:
    """The first of the files, judged through the same door as a prediction: as many as one turn has time for."""
    judged: list[_Usable | _Refused] = []
    begun = perf_counter()
    for part, label in zip(files, labels, strict=True):
        name = part.filename or ""
        try:
            if label not in model.labels:
                listed = ", ".join(model.labels)
                raise UnusableLabel(f"{label[:40]!r} is no label of this model; the labels are {listed}")
            picture = model.preprocessing.picture(part.data, limits)
            judged.append(_Usable(name, Labelled(picture, label), model.preprocessing.apply(picture)))
        except (PictureError, UnusableLabel) as error:
            judged.append(_Refused(name, error))
        if perf_counter() - begun > TURN_SECONDS:
            break
    return judged


async def _doubt(service: Service, usable: list[_Usable]) -> list[_Usable]:
    """Mark the images whose label the model finds nearly impossible: most often somebody's finger slipped.

    It guards against slips, not against malice: whoever wants to harm can label what the model is unsure of.
    """
    judged = []
    for first in range(0, len(usable), DOUBT_AT_ONCE):
        some = usable[first : first + DOUBT_AT_ONCE]
        answer = await service.predictor.predict([each.model_input for each in some])
        for each, prediction in zip(some, answer.results, strict=True):
            doubt = _doubt_of(each.labelled.label, prediction, service.settings.suspect_below)
            judged.append(each if doubt is None else replace(each, labelled=replace(each.labelled, doubt=doubt)))
    return judged


def _doubt_of(label: Label, prediction: Prediction, suspect_below: float) -> tuple[float, Label] | None:
    """The model's probability of a label, where it is nearly impossible, and what the model says instead.

    The model may be another than the one by whose labels the upload was judged, and not know the label.
    """
    labels = prediction.model.labels
    if label not in labels:
        return None
    probability = float(prediction.probabilities[labels.index(label)])
    return (probability, labels[prediction.best]) if probability < suspect_below else None


def _nothing_usable(refused: list[_Refused]) -> PictureError | UnusableLabel:
    if len(refused) == 1:
        return refused[0].error
    reasons = "; ".join(f"{each.filename[:40]!r}: {each.error}" for each in refused[:3])
    return UnusableImage(f"none of the {len(refused)} files can be used, so nothing was stored. {reasons}")


def _answer(usable: list[_Usable], stored: Stored, refused: list[_Refused]) -> dict[str, object]:
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
        "refused": [each.to_json() for each in refused],
    }
