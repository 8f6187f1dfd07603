"""What was uploaded: see what there is, accept or reject what is doubted, remove an image, undo a batch."""

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from server.routes.disagreement import Disagreement, disagreeing
from server.routes.lineage import held_by, told
from server.routes.representation import is_known
from server.routes.requests import by, page_of, part_of
from server.routes.retraining import shortage
from server.routes.selection import selection_of
from server.routes.service import Service
from server.store import files
from server.store.archive import archive
from server.store.browse import Batch, Picture
from server.store.content import PICTURE_LIMIT_BYTES, picture_path
from server.store.enough import advice
from server.web.errors import Failed, Malformed

LISTED = 100  # suspects, and batches, that the overview shows; lists of their own have the others


def routes(service: Service) -> list[Route]:
    work, memory = asyncio.to_thread, service.memory

    async def dataset(request: Request) -> Response:
        return JSONResponse(await work(_overview, service))

    async def batches(request: Request) -> Response:
        limit, before = page_of(request)
        found = await work(memory.browser.batches, limit, before)
        return JSONResponse({"batches": [_batch(each) for each in found], "next": _next(found, limit)})

    async def images(request: Request) -> Response:
        limit, before = page_of(request)
        selection, against = selection_of(request.query_params), request.query_params.get("against")
        if against == "version":
            differing, following = await disagreeing(service, limit, before, selection)
            return JSONResponse({"images": [_differing(each) for each in differing], "next": following})
        if against == "doubt":
            found = await work(memory.browser.believed_least, *part_of(request), selection)
        elif against is None:
            found = await work(memory.browser.page, limit, before, selection)
        else:
            raise Malformed(f"against={against[:40]} must be version or doubt")
        return JSONResponse({"images": [_picture(each) for each in found.pictures], "next": found.next})

    async def export(request: Request) -> Response:
        pieces = archive(memory.browser, memory.content, selection_of(request.query_params))
        headers = {"Content-Disposition": f'attachment; filename="{service.settings.name}.zip"'}
        return StreamingResponse(pieces, headers=headers, media_type="application/zip")

    async def remove_batch(request: Request) -> Response:
        number = str(request.path_params["batch"])
        gone = await work(memory.dataset.remove_batch, number, by(request))
        holders = await held_by(service, number, gone)
        message = f"Batch {number} is removed; the next retraining is without it{told(holders)}"
        return JSONResponse({"message": message, "held_by": holders})

    async def picture(request: Request) -> Response:
        found = await work(memory.browser.picture, _sha256(request))
        path = memory.content.path("data", picture_path(found.sha256))
        headers = {"ETag": f'"{found.sha256}"'}
        if is_known(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        try:
            data = await work(files.read_regular, path, PICTURE_LIMIT_BYTES, False)
        except OSError as error:
            remedy = "upload it again, or remove it"
            raise Failed(f"the file of image {found.sha256} is lost ({error.strerror}); {remedy}") from None
        return Response(data, headers=headers, media_type="image/png")

    async def remove(request: Request) -> Response:
        await work(memory.dataset.remove, _sha256(request), by(request))
        holders = await held_by(service, None, [_sha256(request)])
        return JSONResponse({"message": f"The image is removed{told(holders)}", "held_by": holders})

    async def accept(request: Request) -> Response:
        await work(memory.dataset.accept, _sha256(request), by(request))
        return JSONResponse({"message": "The label is accepted"})

    async def reject(request: Request) -> Response:
        await work(memory.dataset.reject, _sha256(request), by(request))
        return JSONResponse({"message": "The label is rejected"})

    return [
        Route("/dataset", dataset),
        Route("/dataset/batches", batches),
        Route("/dataset/batches/{batch}", remove_batch, methods=["DELETE"]),
        Route("/dataset/export", export),
        Route("/dataset/images", images),
        Route("/dataset/images/{sha256}", picture),
        Route("/dataset/images/{sha256}", remove, methods=["DELETE"]),
        Route("/dataset/images/{sha256}/accept", accept, methods=["POST"]),
        Route("/dataset/images/{sha256}/reject", reject, methods=["POST"]),
    ]


def _sha256(request: Request) -> str:
    return str(request.path_params["sha256"])[:64]


def _overview(service: Service) -> dict[str, object]:
    memory, model = service.memory, service.serving.model
    vocabulary = memory.classes.vocabulary()
    labels = vocabulary.names if vocabulary is not None else model.labels if model is not None else ()
    short = shortage(service.memory, vocabulary)
    found = memory.browser.overview()
    return {
        "labels": list(labels),
        "lacking": short,
        "advice": advice(short) if short else None,
        "base": memory.versions.find(model.version).figures.get("dataset") if model is not None else None,
        "uploads": found.counts,
        "count": found.images,
        "decision": found.decision,
        "suspects_count": found.suspects,
        "suspects": [_suspect(each) for each in memory.browser.suspects(LISTED)],
        "batches_count": found.batches,
        "batches": [_batch(each) for each in memory.browser.batches(LISTED)],
        "quota": {
            "images": found.images,
            "bytes": found.bytes,
            "images_limit": memory.dataset.images_limit,
            "bytes_limit": memory.dataset.bytes_limit,
        },
    }


def _batch(batch: Batch) -> dict[str, object]:
    return {"batch": batch.number, "created_at": batch.time, "source": batch.source, "count": batch.images}


def _suspect(picture: Picture) -> dict[str, object]:
    """A doubted label, with the label that the image has meanwhile, if it has one; a training doubts that one."""
    return {
        "sha256": picture.sha256,
        "label": picture.suspected,
        "batch": picture.suspected_in,
        "probability": picture.probability,
        "predicted": picture.predicted,
        "in_force": picture.label,
        "doubted_by": "training" if picture.suspected_by_training else "upload",
    }


def _picture(picture: Picture) -> dict[str, object]:
    suspect = _suspect(picture) if picture.suspected is not None else None
    return {
        "sha256": picture.sha256,
        "split": picture.split,
        "label": picture.label,
        "batch": picture.batch,
        "created_at": picture.time,
        "source": picture.source,
        "suspect": suspect,
    }


def _differing(found: Disagreement) -> dict[str, object]:
    answer = {
        "label": found.label,
        "confidence": found.confidence,
        "probability": found.probability,
        "model_version": found.version,
    }
    return _picture(found.picture) | {"answer": answer}


def _next(found: Sequence[Batch], limit: int) -> int | None:
    """What `before` has to be for the next page; None after the last."""
    return int(found[-1].number) if len(found) == limit else None
