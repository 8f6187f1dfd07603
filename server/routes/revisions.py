"""POST /dataset/batches: many images are relabelled, accepted, rejected or put aside by one decision."""

import asyncio
from dataclasses import asdict

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.routes.labels import check_label, labels_of
from server.routes.once import json_of, once
from server.routes.requests import by, json_object
from server.routes.selection import revised
from server.routes.service import Service
from server.store.files import Json
from server.store.revisions import Revised
from server.store.standing import Revision

BODY_LIMIT_BYTES = 2**18  # 3,900 hashes
DONE = {
    Revision.RELABEL: "The label of {} is changed",
    Revision.ACCEPT: "The label of {} is accepted",
    Revision.REJECT: "The suspected label of {} is rejected",
    Revision.REMOVE: "{} put aside; the next retraining is without them",
}


def routes(service: Service) -> list[Route]:
    async def revise(request: Request) -> Response:
        given = await json_object(request, BODY_LIMIT_BYTES)
        revision, of, label = revised(given)
        async with once(service, request, [json_of(given)]) as first:
            if first.earlier is not None:
                return first.earlier
            if label is not None:
                check_label(label, await asyncio.to_thread(labels_of, service))
            answer: dict[str, Json] = {}

            def note(connection: Connection, done: Revised) -> None:
                holders = service.memory.lineage.holders_in(connection, None, done.sha256s)
                answer.update(_answer(revision, done) | {"held_by": asdict(holders)})
                first.note(connection, 201, answer)

            await asyncio.to_thread(service.memory.revisions.make, revision, of, by(request), label, note)
        return JSONResponse(answer, 201)

    return [Route("/dataset/batches", revise, methods=["POST"])]


def _answer(revision: Revision, done: Revised) -> dict[str, Json]:
    images = f"{done.count:,} image{'' if done.count == 1 else 's'}"
    message = f"{DONE[revision].format(images)}; DELETE /dataset/batches/{done.batch} undoes it"
    return {"message": message, "count": done.count, "batch": done.batch, "unchanged": done.unchanged}
