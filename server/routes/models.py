"""The versions: list them with their figures, read a report, promote one or go back to one."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from operator import itemgetter
from typing import IO, Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from server.models.card import CARD
from server.models.parcel import card_of, parcel
from server.routes.canaries import canary_end, told, watch_of
from server.routes.expected import expect, tagged
from server.routes.once import json_of, once
from server.routes.representation import is_known, media_type
from server.routes.requests import by, json_object, page_of, reason_of
from server.routes.service import Service
from server.store.canary import Role
from server.store.errors import NotFound
from server.store.figures import LISTED
from server.store.files import PIECE_BYTES, Json
from server.store.manifest import FILE_LIMIT_BYTES
from server.store.pointer import Move
from server.store.versions import Version

# A report is shown in a frame of its own and can do nothing but look nice.
REPORT_HEADERS = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'"
    ),
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "cross-origin",  # in its frame it is of no origin, and has pictures beside it
}
REPORT_LIMIT_BYTES = 32 * 2**20  # of one of its files, which is read whole to be checked
MODEL_FILE = "model.onnx"
MOVES = 100  # of the pointer, and refused candidates, that the list shows


def routes(service: Service) -> list[Route]:
    executor = service.executor

    async def listing(request: Request) -> Response:
        limit, before = page_of(request)
        found = await asyncio.get_running_loop().run_in_executor(executor, _listing, service, limit, before)
        return JSONResponse(found, headers=tagged(found["current"]))

    async def one(request: Request) -> Response:
        return JSONResponse(
            await asyncio.get_running_loop().run_in_executor(executor, _details, service, _version(request))
        )

    async def report(request: Request) -> Response:
        file = f"report/{request.path_params['file']}"
        return await sent(request, file, REPORT_HEADERS, media_type(file), REPORT_LIMIT_BYTES)

    async def model_file(request: Request) -> Response:
        headers = {"Content-Disposition": f'attachment; filename="version-{_version(request)}.onnx"'}
        return await sent(request, MODEL_FILE, headers, "application/octet-stream", FILE_LIMIT_BYTES)

    async def sent(request: Request, file: str, headers: dict[str, str], kind: str, limit_bytes: int) -> Response:
        arguments = service, _version(request), file, limit_bytes
        etag, data = await asyncio.get_running_loop().run_in_executor(executor, _file, *arguments)
        headers = headers | {"ETag": etag}
        if is_known(request, etag):
            return Response(status_code=304, headers=headers)
        return Response(data, headers=headers, media_type=kind)

    async def archive(request: Request) -> Response:
        made, etag, name = await asyncio.get_running_loop().run_in_executor(
            executor, _parcel, service, _version(request)
        )
        headers = {"Content-Disposition": f'attachment; filename="{name}.zip"', "ETag": etag}
        if is_known(request, etag):
            made.close()
            return Response(status_code=304, headers=headers)
        return StreamingResponse(_pieces(made), headers=headers, media_type="application/zip")

    async def promote(request: Request) -> Response:
        version = _version(request)
        given = await json_object(request, service.settings.json_limit_bytes)
        why = reason_of(given)
        watch = watch_of(given)
        async with once(service, request, [json_of(given | {"reason": why})]) as first:
            if (earlier := first.earlier) is not None:
                earlier.headers.update(tagged(version))
                return earlier

            def note(connection: Connection, previous: str | None) -> None:
                first.note(connection, 202, _promoted(version, previous, everywhere=False))

            promoted = await service.promotion.promote(
                version, by(request), why, lambda current: expect(request, current), note, watch
            )
        content = _promoted(version, promoted.previous, promoted.everywhere)
        return JSONResponse(content, 200 if promoted.everywhere else 202, tagged(version))

    return [
        Route("/models", listing),
        Route("/models/{version}", one),
        Route("/models/{version}/model.onnx", model_file),
        Route("/models/{version}/archive", archive),
        Route("/models/{version}/report/{file}", report),
        Route("/models/{version}/promote", promote, methods=["POST"]),
    ]


def _version(request: Request) -> str:
    return str(request.path_params["version"])


def _promoted(version: str, previous: str | None, everywhere: bool) -> dict[str, Json]:
    taken_over = f"Version {version} was made current; workers take it over, unless another was meanwhile"
    message = f"Version {version} serves" if everywhere else taken_over
    return {"message": message, "model_version": version, "previous": previous}


def _listing(service: Service, limit: int, before: int | None) -> dict[str, Any]:
    memory = service.memory
    current = memory.pointer.current()
    found = memory.versions.page(limit, before)
    moves = [(each.number, _moved(each)) for each in memory.pointer.moves(MOVES)]
    moves += [(each.move, canary_end(each)) for each in memory.canaries.over_without_a_move()]
    opened = memory.canaries.open()
    refused = [_candidate(*each) for each in memory.jobs.refused(MOVES)]
    return {
        "name": memory.versions.name,
        "current": current,
        "models": [_summary(service, each, current) for each in found],
        "candidates": refused,
        **{role.value: told(opened) if opened is not None and opened.role is role else None for role in Role},
        "promotions": [each for _, each in sorted(moves, key=itemgetter(0))],
        "next": int(found[-1].version) or None if len(found) == limit else None,
    }


def _moved(move: Move) -> dict[str, object]:
    return {
        "time": move.time,
        "from": move.from_version,
        "to": move.to_version,
        "kind": move.kind,
        "by": move.by,
        "reason": move.reason,
    }


def _candidate(job: str, figures: dict[str, Json]) -> dict[str, object]:
    """A candidate that the gate refused, with its figures."""
    return {"job": job, **{name: figures.get(name) for name in LISTED}}


def _summary(service: Service, version: Version, current: str | None) -> dict[str, object]:
    summary: dict[str, object] = {"version": version.version, "current": version.version == current}
    if not (service.memory.versions.folder(version.version) / "manifest.json").is_file():
        summary["problem"] = f"the files of version {version.version} are lost"
    figures = {name: version.figures.get(name) for name in LISTED}
    return summary | {"created_at": version.created_at, "bytes": version.bytes, **figures}


def _details(service: Service, number: str) -> dict[str, object]:
    versions = service.memory.versions
    version = versions.find(number)
    manifest = json.loads(versions.manifest(number).to_json())
    report: dict[str, Any] = versions.report(number)
    full = {name: report.get(name, version.figures.get(name)) for name in LISTED}
    return (
        _summary(service, version, service.memory.pointer.current()) | full | {"manifest": manifest, "report": report}
    )


def _file(service: Service, number: str, file: str, limit_bytes: int) -> tuple[str, bytes]:
    """The tag that tells a file of a version from others, and the file, its hash checked."""
    versions = service.memory.versions
    manifest = versions.manifest(versions.find(number).version)
    if file == CARD:  # versions of before there were cards have one, too
        data = card_of(versions, manifest)
        return f'"{hashlib.sha256(data).hexdigest()[:32]}"', data
    if file not in manifest.files:
        raise NotFound(f"version {number} has no such report file")
    return f'"{manifest.files[file][0][:32]}"', versions.read(manifest, file, limit_bytes)


def _parcel(service: Service, number: str) -> tuple[IO[bytes], str, str]:
    """A version as a zip, the tag that tells it from others, and its name."""
    versions = service.memory.versions
    manifest = versions.manifest(versions.find(number).version)
    made = parcel(versions, manifest)
    tag = hashlib.sha256(manifest.to_json() + card_of(versions, manifest)).hexdigest()[:32]  # of all that is in it
    return made, f'"{tag}"', f"{manifest.name}-{manifest.version}"


def _pieces(made: IO[bytes]) -> Iterator[bytes]:
    with made:
        while piece := made.read(PIECE_BYTES):
            yield piece
