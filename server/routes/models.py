"""The versions: list them with their figures, read a report, promote one or go back to one."""

import asyncio
import json
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from server.models.model import load
from server.routes.requests import json_object
from server.routes.service import Service
from server.serving.takeover import all_serve
from server.store import files
from server.store.artifacts import BrokenArtifact, CurrentMoved, reason_of
from server.store.errors import Conflict, NotFound

# A report is shown in a frame of its own and can do nothing but look nice.
REPORT_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"
}
REASON_LIMIT = 200  # characters
FIGURES = ("metrics", "gate", "training", "timing")  # the parts of a report that a list shows


def routes(service: Service) -> list[Route]:
    executor = service.executor

    async def listing(request: Request) -> Response:
        return JSONResponse(await asyncio.get_running_loop().run_in_executor(executor, _listing, service))

    async def one(request: Request) -> Response:
        version = _version(request)
        return JSONResponse(await asyncio.get_running_loop().run_in_executor(executor, _details, service, version))

    async def report(request: Request) -> Response:
        folder = service.store.folder(_version(request)) / "report"
        path = folder / str(request.path_params["file"])
        if path.parent != folder or path.is_symlink() or not path.is_file():
            raise NotFound(f"version {_version(request)} has no such report file")
        return FileResponse(path, headers=REPORT_HEADERS)

    async def promote(request: Request) -> Response:
        version = _version(request)
        why = str((await json_object(request, service.settings)).get("reason", "by hand"))[:REASON_LIMIT]
        previous = await asyncio.get_running_loop().run_in_executor(executor, _promote, service, version, why)
        await service.serving.check()
        everywhere = await all_serve(service.store, version, service.settings.promote_wait_seconds)
        content = {
            "message": f"Version {version} serves"
            if everywhere
            else f"Version {version} is current; workers take it over",
            "model_version": version,
            "previous": previous,
        }
        return JSONResponse(content, 200 if everywhere else 202)

    def _version(request: Request) -> str:
        version = str(request.path_params["version"])
        if not service.store.exists(version):
            raise NotFound(f"there is no version {version[:40]!r}; GET /models lists them")
        return version

    return [
        Route("/models", listing),
        Route("/models/{version}", one),
        Route("/models/{version}/report/{file}", report),
        Route("/models/{version}/promote", promote, methods=["POST"]),
    ]


def _listing(service: Service) -> dict[str, object]:
    current = _current(service)
    models = [_summary(service, version, current) for version in reversed(service.store.versions())]
    moves = [
        {
            "time": move.time,
            "from": move.from_version,
            "to": move.to_version,
            "by": move.by,
            "reason": move.reason,
        }
        for move in service.store.promotions()
    ]
    return {
        "name": service.store.name,
        "current": current,
        "models": models,
        "candidates": [_candidate(folder) for folder in service.store.refused()],
        "promotions": moves,
    }


def _candidate(folder: Path) -> dict[str, object]:
    """A candidate that the gate refused, with its figures."""
    try:
        report = files.read_json(folder / "report" / "report.json")
    except (OSError, ValueError):
        report = {}
    return {"job": folder.name} | {name: report.get(name) for name in FIGURES}


def _summary(service: Service, version: str, current: str | None) -> dict[str, object]:
    summary: dict[str, object] = {"version": version, "current": version == current}
    try:
        manifest = service.store.manifest(version)
    except BrokenArtifact as error:
        return summary | {"problem": str(error)}
    report = service.store.report(version)
    figures = {name: report.get(name) for name in FIGURES}
    size = manifest.files.get("model.onnx", ("", 0))[1]
    return summary | {"created_at": manifest.created_at, "bytes": size, **figures}


def _details(service: Service, version: str) -> dict[str, object]:
    try:
        manifest = json.loads(service.store.manifest(version).to_json())
    except BrokenArtifact as error:
        raise Conflict(str(error)) from None
    summary = _summary(service, version, _current(service))
    return summary | {"manifest": manifest, "report": service.store.report(version)}


def _promote(service: Service, version: str, why: str) -> str | None:
    """Verify a version as a worker would, then move the pointer to it; the version that was current before."""
    try:
        load(service.store.folder(version), service.store.manifest(version), service.settings.batch_limit)
    except BrokenArtifact as error:
        raise Conflict(f"version {version} can't serve, so nothing was changed: {error}") from None
    previous = _current(service)
    try:
        service.store.promote(version, why, reason_of(version, previous), previous)
    except CurrentMoved as error:
        raise Conflict(f"another promotion came first: {error}; look at GET /models and try again") from None
    return previous


def _current(service: Service) -> str | None:
    try:
        return service.store.current()
    except BrokenArtifact:
        return None
