"""Labelled images: upload them, and see what there is."""

import asyncio
from dataclasses import dataclass

from PIL import Image
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server import image
from server.errors import Malformed, RequestError, UnusableImage, UnusableLabel
from server.model import Model
from server.multipart import Part
from server.routes.requests import form
from server.service import Service
from server.uploads import Stored

SOURCE_LIMIT = 40  # characters


def routes(service: Service) -> list[Route]:
    async def upload(request: Request) -> Response:
        model = service.predictor.model
        files, labels, source = _fields(await form(request, service.settings))
        work = asyncio.get_running_loop().run_in_executor
        usable, refused = await work(
            service.executor, _examine, files, labels, model, service.settings.image_limit_pixels
        )
        if not usable:
            raise _nothing_usable(refused)
        stored = await work(
            service.executor, service.uploads.add, [(each.picture, each.label) for each in usable], source
        )
        return JSONResponse(_answer(usable, stored, refused), 201)

    async def dataset(request: Request) -> Response:
        return JSONResponse(await asyncio.get_running_loop().run_in_executor(service.executor, _overview, service))

    return [Route("/upload", upload, methods=["POST"]), Route("/dataset", dataset)]


@dataclass(frozen=True)
class _Usable:
    filename: str
    picture: Image.Image
    label: str


@dataclass(frozen=True)
class _Refused:
    filename: str
    error: RequestError

    def to_json(self) -> dict[str, str]:
        return {"file": self.filename, "error": str(self.error), "code": self.error.code}


def _fields(parts: list[Part]) -> tuple[list[Part], list[str], str]:
    """The form's files, a label for each, and the source; raises Malformed where they do not match."""
    files = [part for part in parts if part.name == "files" and part.filename is not None]
    if not files:
        raise Malformed("the form has no parts called 'files'; send at least one: curl -F files=@a.png -F labels=7 …")
    labels = [part.data.decode("utf-8", "replace") for part in parts if part.name == "labels"]
    if len(labels) == 1 and len(files) > 1:
        labels = labels[0].split(",")
    if len(labels) != len(files):
        raise Malformed(
            f"{len(files)} files but {len(labels)} labels; send one label a file, in the same order: "
            "labels repeated, or one field with commas"
        )
    source = next((part.data.decode("utf-8", "replace") for part in parts if part.name == "source"), "upload")
    if not source.replace("-", "").isalnum() or not source.isascii() or len(source) > SOURCE_LIMIT:
        raise Malformed(f"source must be a word of at most {SOURCE_LIMIT} letters and digits, such as 'correction'")
    return files, [label.strip() for label in labels], source


def _examine(
    files: list[Part], labels: list[str], model: Model, limit_pixels: int
) -> tuple[list[_Usable], list[_Refused]]:
    """Which files could be learnt from, judged through the same door as a prediction, and why the others could not."""
    usable, refused = [], []
    for part, label in zip(files, labels, strict=True):
        name = part.filename or ""
        try:
            if label not in model.labels:
                raise UnusableLabel(
                    f"{label[:40]!r} is no label of this model; the labels are {', '.join(model.labels)}"
                )
            picture = image.read(part.data, model.preprocessing.channels, limit_pixels)
            model.preprocessing.apply(picture)
        except RequestError as error:
            refused.append(_Refused(name, error))
        else:
            usable.append(_Usable(name, picture, label))
    return usable, refused


def _nothing_usable(refused: list[_Refused]) -> RequestError:
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
        "refused": [each.to_json() for each in refused],
    }


def _overview(service: Service) -> dict[str, object]:
    model = service.serving.model
    report = service.store.report(model.version) if model is not None else {}
    counts = service.uploads.counts()
    return {
        "labels": list(model.labels) if model is not None else [],
        "base": report.get("dataset"),
        "uploads": counts,
        "count": sum(sum(of_label.values()) for of_label in counts.values()),
        "batches": [
            {
                "batch": each.batch,
                "created_at": each.created_at,
                "source": each.source,
                "count": len(each.images),
            }
            for each in service.uploads.batches()
        ],
    }
