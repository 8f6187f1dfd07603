"""Every other call of the protocol: health, metadata, statistics, and the repository of versions."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.inference import metadata
from server.inference.endpoint import InferEndpoint
from server.inference.versions import (
    check_name,
    manifest_of,
    off_loop,
    unready,
    unready_version,
    versions_of,
)
from server.routes.requests import by, json_object
from server.routes.service import Service
from server.store.files import Json
from server.store.manifest import Manifest
from server.web.errors import Busy, Malformed, NoModel

WHY = "asked for by the inference protocol"


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
        problem = unready(service)
        return JSONResponse({"ready": True}) if problem is None else _not_ready(problem)

    async def all_statistics(request: Request) -> Response:
        return await _statistics(service, None)

    async def model(request: Request) -> Response:
        manifest = await _manifest(service, request)
        return JSONResponse(metadata.of_model(manifest, await versions_of(service)))

    async def model_ready(request: Request) -> Response:
        return await _readiness(service, request)

    async def configuration(request: Request) -> Response:
        return _configuration(service, await _manifest(service, request))

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
        return JSONResponse(metadata.of_model(manifest, await versions_of(service)))

    async def ready(request: Request) -> Response:
        return await _readiness(service, request)

    async def configuration(request: Request) -> Response:
        return _configuration(service, await _manifest(service, request))

    async def statistics(request: Request) -> Response:
        return await _statistics(service, (await _manifest(service, request)).version)

    async def index(request: Request) -> Response:
        asked = await json_object(request, service.settings.json_limit_bytes)
        ready_only = asked.get("ready", False)
        if not isinstance(ready_only, bool):
            raise Malformed("ready must be true or false")
        entries = [_entry(service, version) for version in await versions_of(service)]
        return JSONResponse([entry for entry in entries if entry["state"] == "READY" or not ready_only])

    async def load(request: Request) -> Response:
        check_name(service, request.path_params["name"])
        version = _version_of(await json_object(request, service.settings.json_limit_bytes))
        current = await off_loop(service, service.memory.pointer.current)
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


async def _readiness(service: Service, request: Request) -> Response:
    """Whether the version in the path can be asked, or what serves."""
    problem = await unready_version(service, *_asked_of(request))
    name = service.settings.name
    return JSONResponse({"name": name, "ready": True}) if problem is None else _not_ready(problem, name)


def _not_ready(problem: str, name: str | None = None) -> Response:
    named = {"name": name} if name is not None else {}
    return JSONResponse({**named, "ready": False, "error": problem}, 503, {"Retry-After": "1"})


def _asked_of(request: Request) -> tuple[str, str | None]:
    """The model and the version in the path."""
    return request.path_params["name"], request.path_params.get("version")


async def _manifest(service: Service, request: Request) -> Manifest:
    return await manifest_of(service, *_asked_of(request))


def _configuration(service: Service, manifest: Manifest) -> Response:
    settings = service.settings
    return JSONResponse(metadata.configuration(manifest, settings.batch_limit, settings.upload_limit_files))


async def _statistics(service: Service, version: str | None) -> Response:
    service.log.flush()
    versions = [version] if version is not None else await versions_of(service)
    return JSONResponse({"model_stats": service.usage.to_json(service.settings.name, versions)})


def _entry(service: Service, version: str) -> dict[str, Json]:
    """A version as the index has it."""
    if version == service.version:
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
    strange = sorted(name[:40] for name in parameters if name != "version")
    if strange:
        named = ", ".join(map(repr, strange))
        raise Malformed(f"no {named} can be loaded: versions come from training; the parameter version names one")
    version = parameters.get("version")
    if version is not None and not isinstance(version, str):
        raise Malformed('the parameter version must be a text, such as "3"')
    return version
