"""Which versions may be asked, by what is said of them, and whether they can answer."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from server.routes.service import Service
from server.store.errors import BrokenArtifact
from server.store.manifest import Manifest
from server.web.errors import Busy, NoSuchPath

P = ParamSpec("P")
T = TypeVar("T")


def check_name(service: Service, name: str | None) -> None:
    """Raise NoSuchPath for a model of another name; None where the path has no other."""
    served = service.settings.name
    if name is not None and name != served:
        raise NoSuchPath(f"there is no model {name[:100]!r}; this service has {served!r}")


def unready(service: Service) -> str | None:
    """Why what serves can't be asked; None if it can."""
    if service.shutdown.stopping.is_set():
        return "the service is stopping"
    return f"no model is loaded: {service.serving.problem}" if service.serving.model is None else None


async def unready_version(service: Service, name: str, version: str | None) -> str | None:
    """Why a version can't be asked, or what serves; None if it can. Raises NoSuchPath, or NotFound."""
    check_name(service, name)
    if version is None:
        return unready(service)
    if version != service.version:
        try:
            async with service.shelf.lend(version):
                pass
        except (BrokenArtifact, Busy) as error:
            return str(error)
    return None


async def manifest_of(service: Service, name: str, version: str | None) -> Manifest:
    """The manifest of a version, or of what serves; raises NoSuchPath, NotFound or NoModel."""
    check_name(service, name)
    if version is None:
        return service.predictor.model.manifest

    def read() -> Manifest:
        return service.memory.versions.manifest(service.memory.versions.find(version).version)

    return await off_loop(service, read)


async def versions_of(service: Service) -> list[str]:
    """The versions that may be asked for by number, oldest first."""
    return await off_loop(service, service.memory.versions.all)


async def off_loop(service: Service, look: Callable[P, T], *arguments: P.args, **_: P.kwargs) -> T:
    """What a look at the store gives, by a thread."""
    return await asyncio.get_running_loop().run_in_executor(service.executor, partial(look, *arguments))
