"""Predictions whose pictures were kept: see them in the order in which they teach, and remove them."""

import asyncio
import logging
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.routes.representation import is_known
from server.routes.requests import by, part_of
from server.routes.selection import time_of
from server.routes.service import Service
from server.store.accuracy import accuracy_of, weighed
from server.store.review import in_order
from server.store.sample import Sample, Why
from server.web.errors import Failed, Malformed

STATES = ("waiting", "any")

logger = logging.getLogger("relearn")


def routes(service: Service) -> list[Route]:
    work, samples = asyncio.to_thread, service.memory.samples

    async def listing(request: Request) -> Response:
        limit, offset = part_of(request)
        why, state = request.query_params.get("why"), request.query_params.get("state", "waiting")
        if why is not None and why not in list(Why):
            raise Malformed(f"why={why[:40]} must be one of {', '.join(Why)}")
        if state not in STATES:
            raise Malformed(f"state={state[:40]} must be one of {', '.join(STATES)}")
        kept, count, found = await work(_shown, service, why, state, limit, offset)
        return JSONResponse(
            {
                "samples": [_told(each) for each in found],
                "next": offset + limit if offset + limit < count else None,
                "count": count,
                "kept": kept,
                "collecting": service.settings.collect,
            }
        )

    async def accuracy(_: Request) -> Response:
        return JSONResponse(await work(_accuracy, service))

    async def picture(request: Request) -> Response:
        found = await work(samples.find, _number(request))
        headers = {"ETag": f'"{found.sha256}"'}
        if is_known(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        try:
            data = await work(samples.picture, found)
        except OSError as error:
            raise Failed(f"the file of sample {found.id} is lost ({error.strerror}); remove it") from None
        return Response(data, headers=headers, media_type="image/png")

    async def remove(request: Request) -> Response:
        await work(samples.remove, _number(request))
        logger.info("sample %s is removed: by=%s", _number(request), by(request))
        return JSONResponse({"message": "The sample is removed"})

    async def clear(request: Request) -> Response:
        until = request.query_params.get("until")
        count = await work(samples.clear, None if until is None else time_of("until", until))
        logger.info("%d samples are removed: until=%s by=%s", count, until and until[:40], by(request))
        return JSONResponse({"message": f"{count:,} sample{'' if count == 1 else 's'} removed", "count": count})

    return [
        Route("/samples", listing),
        Route("/samples", clear, methods=["DELETE"]),
        Route("/samples/accuracy", accuracy),
        Route("/samples/{sample}", remove, methods=["DELETE"]),
        Route("/samples/{sample}/picture", picture),
    ]


def _number(request: Request) -> str:
    return str(request.path_params["sample"])


def _shown(service: Service, why: str | None, state: str, limit: int, offset: int) -> tuple[int, int, list[Sample]]:
    """How many are kept in all and how many of those that are asked for, and one part of these."""
    every = service.memory.samples.every()
    mine = [each for each in every if why in (None, each.why)]
    if state == "any":
        return len(every), len(mine), mine[offset : offset + limit]
    # What is told already keeps its distance, whatever it was kept for.
    others = [each for each in every if not each.is_waiting and why not in (None, each.why)]
    model = service.serving.model
    known = service.memory.classes.called(model.labels if model is not None else ())
    found = in_order([*mine, *others], offset + limit, known)
    return len(every), sum(each.is_waiting for each in mine), found[offset:]


def _accuracy(service: Service) -> dict[str, object]:
    """In all, by version and by day, the newest first."""
    found = weighed(service.memory.samples.every())
    versions = dict.fromkeys(each.sample.version for each in found)
    days = dict.fromkeys(each.sample.time[:10] for each in found)
    return asdict(accuracy_of(found)) | {
        "versions": [
            {"model_version": version} | asdict(accuracy_of([each for each in found if each.sample.version == version]))
            for version in versions
        ],
        "days": [
            {"day": day} | asdict(accuracy_of([each for each in found if each.sample.time[:10] == day])) for day in days
        ],
    }


def _told(sample: Sample) -> dict[str, object]:
    return {
        "sample": str(sample.id),
        "why": sample.why,
        "probability": sample.probability,
        "created_at": sample.time,
        "request_id": sample.request_id,
        "position": sample.position,
        "model_version": sample.version,
        "label": sample.predicted,
        "confidence": sample.confidence,
        "margin": sample.margin,
        "score": sample.score,
        "score_threshold": sample.score_threshold,
        "sha256": sample.sha256,
        "feedback": sample.feedback,
        "reviewed": sample.reviewed,
        "skipped": sample.skipped,
    }
