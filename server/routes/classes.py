"""The classes: which there are, how many pictures each has and lacks; and the decisions about them."""

import asyncio
import logging

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.routes.requests import by, json_object
from server.routes.service import Service
from server.store.enough import advice, lacking
from server.store.errors import Conflict, StoreError
from server.store.files import Json
from server.store.vocabulary import Vocabulary
from server.web.errors import Malformed

BODY_LIMIT_BYTES = 2**20  # ten thousand names
SETTING = "--labels"

logger = logging.getLogger("relearn")


def routes(service: Service) -> list[Route]:
    async def listing(request: Request) -> Response:
        return JSONResponse(await asyncio.to_thread(_listing, service))

    async def decide(request: Request) -> Response:
        names = _begun(await json_object(request, BODY_LIMIT_BYTES))
        made = await asyncio.to_thread(_begin, service, names, by(request))
        message = f"The model begins with {len(made.names):,} classes; upload pictures of each"
        return JSONResponse({"message": message, "classes": made.names, "batch": None}, 201)

    return [Route("/classes", listing), Route("/classes", decide, methods=["POST"])]


def begin_as_set(service: Service) -> None:
    """Begin with the classes of --labels, where nothing was decided yet; says in the log why it does not."""
    names, classes = service.settings.classes, service.memory.classes
    if not names:
        return
    try:
        found = classes.vocabulary()
        if found is None:
            _begin(service, names, SETTING)
        elif found.names != names:
            logger.warning("%s is not looked at: the classes are %s by now", SETTING, ", ".join(found.names))
    except StoreError as error:
        logger.error("%s is not looked at: %s", SETTING, error)


def shortage(service: Service, vocabulary: Vocabulary | None) -> dict[str, int]:
    """How many pictures are lacking of the classes that uploads alone teach."""
    if vocabulary is None:
        return {}
    counts = service.memory.browser.overview().counts.values()
    taught = vocabulary.taught_by_uploads()
    return lacking(taught, {name: sum(of.get(name, 0) for of in counts) for name in taught})


def _begin(service: Service, names: tuple[str, ...], whose: str) -> Vocabulary:
    current = service.memory.pointer.current()
    if current is not None:
        raise Conflict(
            f"{service.settings.name!r} has a version, {current}, and its classes; give what begins from nothing "
            "another --name"
        )
    return service.memory.classes.begin(names, whose)


def _begun(given: dict[str, Json]) -> tuple[str, ...]:
    names = given.get("begin")
    if set(given) != {"begin"} or not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Malformed('send {"begin": ["cat", "dog"]}, two names or more')
    return tuple(map(str, names))


def _listing(service: Service) -> dict[str, object]:
    memory, model = service.memory, service.serving.model
    vocabulary = memory.classes.vocabulary()
    names = vocabulary.names if vocabulary is not None else model.labels if model is not None else ()
    short = shortage(service, vocabulary)
    counts = memory.browser.overview().counts.values()
    return {
        "classes": [
            {"name": name, "uploads": sum(of.get(name, 0) for of in counts), "lacking": short.get(name, 0)}
            for name in names
        ],
        "version": model.version if model is not None else None,
        "version_labels": list(model.labels) if model is not None else [],
        "advice": advice(short) if short else None,
    }
