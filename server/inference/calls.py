"""Every other call of the protocol: health, metadata, statistics, and the repository of versions."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.inference import metadata
from server.inference.endpoint import InferEndpoint, check_name
from server.routes.requests import by, json_object
from server.routes.service import Service
from server.store.errors import BrokenArtifact
from server.store.files import Json
from server.store.manifest import Manifest
from server.web.errors import Busy, Malformed, NoModel

WHY = "asked for by the inference protocol"

P = ParamSpec("P")
T = TypeVar("T")


def infer_path(name: str) -> str:
    """Where what serves is asked, by all who know its name."""
    return f"/v2/models/{name}/infer"


def open_routes(service: Service) -> list[Route]:
    """What anybody may call, as /predict and /health: of what serves."""

    async def server(request: Request) -> Response:
        return JSONResponse(metadata.of_server())

    async def live(request: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(request: Request) -> Response:
        problem = _unready(service)
        return JSONResponse({"ready": True}) if problem is None else _not_ready(problem)

    async def all_statistics(request: Request) -> Response:
        return await _statistics(service, None)

    async def model(request: Request) -> Response:
        manifest = _serving(service, request)
        return JSONResponse(metadata.of_model(manifest, await _versions(service)))

    async def model_ready(request: Request) -> Response:
        check_name(service, request.path_params["name"])
        problem = _unready(service)
        return _ready(service) if problem is None else _not_ready(problem, service.settings.name)

    async def configuration(request: Request) -> Response:
        return _configuration(service, _serving(service, request))

    async def statistics(request: Request) -> Response:
        check_name(service, request.path_params["name"])
        return await _statistics(service, None)

    return [
        Route("/v2", server),
        Route("/v2/", server),
        Route("/v2/health/live", live),
        Route("/v2/health/ready", ready),
        Route("/v2/models/stats", all_statistics),  # so that no model may have this name
        Route("/v2/models/{name}", model),
        Route("/v2/models/{name}/ready", model_ready),
        Route("/v2/models/{name}/config", configuration),
        Route("/v2/models/{name}/stats", statistics),
        Route("/v2/models/{name}/infer", InferEndpoint(service), methods=["POST"]),
    ]


def guarded_routes(service: Service) -> list[Route]:
    """What needs a key, once there is one: versions by their numbers, and the choice of the one that serves."""

    async def model(request: Request) -> Response:
        manifest = await _manifest(service, request)
        return JSONResponse(metadata.of_model(manifest, await _versions(service)))

    async def ready(request: Request) -> Response:
        check_name(service, request.path_params["name"])
        version = request.path_params["version"]
        if version != _served(service):
            try:
                async with service.shelf.lend(version):
                    pass
            except (BrokenArtifact, Busy) as error:
                return _not_ready(str(error), service.settings.name)
        return _ready(service)

    async def configuration(request: Request) -> Response:
        return _configuration(service, await _manifest(service, request))

    async def statistics(request: Request) -> Response:
        return await _statistics(service, (await _manifest(service, request)).version)

    async def index(request: Request) -> Response:
        asked = await json_object(request, service.settings.json_limit_bytes)
        ready_only = asked.get("ready", False)
        if not isinstance(ready_only, bool):
            raise Malformed("ready must be true or false")
        entries = [_entry(service, version) for version in await _versions(service)]
        return JSONResponse([entry for entry in entries if entry["state"] == "READY" or not ready_only])

    async def load(request: Request) -> Response:
        check_name(service, request.path_params["name"])
        version = _version_of(await json_object(request, service.settings.json_limit_bytes))
        current = await _off_loop(service, service.memory.pointer.current)
        if version is None and current is None:
            raise NoModel(f"there is no version of {service.settings.name!r} to load")
        if version is None or version == current:
            version = str(current)
            everywhere = await service.promotion.verify(version)
        else:
            everywhere = (await service.promotion.promote(version, by(request), WHY)).everywhere
        if not everywhere:
            raise Busy(f"version {version} is current; workers take it over")
        return JSONResponse({"name": service.settings.name, "load": True, "model_version": version})

    async def unload(request: Request) -> Response:
        check_name(service, request.path_params["name"])
        raise Malformed("the model that serves is never unloaded; load another version, and it takes over")

    model_path = "/v2/models/{name}/versions/{version}"
    return [
        Route(model_path, model),
        Route(f"{model_path}/ready", ready),
        Route(f"{model_path}/config", configuration),
        Route(f"{model_path}/stats", statistics),
        Route(f"{model_path}/infer", InferEndpoint(service), methods=["POST"]),
        Route("/v2/repository/index", index, methods=["POST"]),
        Route("/v2/repository/models/{name}/load", load, methods=["POST"]),
        Route("/v2/repository/models/{name}/unload", unload, methods=["POST"]),
    ]


async def _off_loop(service: Service, look: Callable[P, T], *arguments: P.args, **_: P.kwargs) -> T:
    """What a look at the store gives, by a thread."""
    return await asyncio.get_running_loop().run_in_executor(service.executor, partial(look, *arguments))


def _served(service: Service) -> str | None:
    model = service.serving.model
    return model.version if model is not None else None


def _unready(service: Service) -> str | None:
    """Why what serves can't be asked; None if it can."""
    if service.shutdown.stopping.is_set():
        return "the service is stopping"
    return f"no model is loaded: {service.serving.problem}" if service.serving.model is None else None


def _ready(service: Service) -> Response:
    return JSONResponse({"name": service.settings.name, "ready": True})


def _not_ready(problem: str, name: str | None = None) -> Response:
    named = {"name": name} if name is not None else {}
    return JSONResponse({**named, "ready": False, "error": problem}, 503, {"Retry-After": "1"})


def _serving(service: Service, request: Request) -> Manifest:
    """The manifest of what serves, if it is of the name in the path."""
    check_name(service, request.path_params["name"])
    return service.predictor.model.manifest


async def _manifest(service: Service, request: Request) -> Manifest:
    """The manifest of the version in the path."""
    check_name(service, request.path_params["name"])

    def read(version: str) -> Manifest:
        return service.memory.versions.manifest(service.memory.versions.find(version).version)

    return await _off_loop(service, read, request.path_params["version"])


async def _versions(service: Service) -> list[str]:
    """The versions that may be asked for by number, oldest first."""
    return await _off_loop(service, service.memory.versions.all)


def _configuration(service: Service, manifest: Manifest) -> Response:
    settings = service.settings
    return JSONResponse(metadata.configuration(manifest, settings.batch_limit, settings.upload_limit_files))


async def _statistics(service: Service, version: str | None) -> Response:
    service.log.flush()
    versions = [version] if version is not None else await _versions(service)
    return JSONResponse({"model_stats": service.usage.to_json(service.settings.name, versions)})


def _entry(service: Service, version: str) -> dict[str, Json]:
    """A version as the index has it."""
    if version == _served(service):
        state, reason = "READY", ""
    elif version in service.shelf.loaded:
        state, reason = "READY", "loaded beside the version that serves"
    else:
        state, reason = "UNAVAILABLE", "loaded when it is asked for by its number"
    return {"name": service.settings.name, "version": version, "state": state, "reason": reason}


def _version_of(asked: dict[str, Json]) -> str | None:
    """The version that a call for a load names in its parameters; None for the current one. Raises Malformed."""
    parameters = asked.get("parameters", {})
    if not isinstance(parameters, dict):
        raise Malformed("the parameters must be an object of JSON")
    strange = ", ".join(sorted(name[:40] for name in parameters if name != "version"))
    if strange:
        raise Malformed(f"no {strange} can be loaded: versions come from training; the parameter version names one")
    version = parameters.get("version")
    if version is not None and not isinstance(version, str):
        raise Malformed('the parameter version must be a text, such as "3"')
    return version
