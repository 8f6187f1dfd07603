"""The classes: which there are, how many pictures each has and lacks; and the decisions about them."""

import asyncio
import logging

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.routes.once import json_of, once
from server.routes.requests import by, json_object
from server.routes.retraining import shortage
from server.routes.service import Service
from server.store.classes import Decided, Note
from server.store.enough import advice
from server.store.errors import Conflict, StoreError
from server.store.files import Json
from server.store.vocabulary import Change, Kind, Vocabulary
from server.web.errors import Malformed

BODY_LIMIT_BYTES = 2**20  # ten thousand names
SETTING = "--labels"
SECOND = {Kind.ADD: None, Kind.RENAME: "to", Kind.MERGE: "into", Kind.REMOVE: None}  # the word beside the action
DONE = {
    Kind.ADD: "Class {0.name!r} is added: upload pictures of it, and retrain",
    Kind.RENAME: "Class {0.name!r} is called {0.becomes!r}; the next version answers so",
    Kind.MERGE: "Class {0.name!r} is a part of {0.becomes!r}; the next version is trained so",
    Kind.REMOVE: "Class {0.name!r} is removed; the next version is trained without its pictures, which stay",
}
FORM = (
    'send one of {"begin": ["cat", "dog"]}, {"add": "owl"}, {"rename": "cat", "to": "kitten"}, '
    '{"merge": "cat", "into": "dog"} and {"remove": "cat"}'
)

logger = logging.getLogger("relearn")


def routes(service: Service) -> list[Route]:
    async def listing(request: Request) -> Response:
        return JSONResponse(await asyncio.to_thread(_listing, service))

    async def decide(request: Request) -> Response:
        given = await json_object(request, BODY_LIMIT_BYTES)
        async with once(service, request, [json_of(given)]) as first:
            if first.earlier is not None:
                return first.earlier
            answer: dict[str, Json] = {}

            def note(connection: Connection, batch: str | None, made: Vocabulary) -> None:
                if batch is None:
                    message = f"The model begins with {len(made.names):,} classes; upload pictures of each"
                else:
                    message = f"{DONE[change.kind].format(change)}; DELETE /dataset/batches/{batch} undoes it"
                answer.update({"message": message, "classes": list(made.names), "batch": batch})
                first.note(connection, 201, answer)

            if "begin" in given:
                await asyncio.to_thread(_begin, service, _begun(given), by(request), note)
            else:
                change, model = _change(given), service.serving.model
                labels = model.labels if model is not None else ()
                await asyncio.to_thread(service.memory.classes.change, change, labels, by(request), note)
        return JSONResponse(answer, 201)

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


def _begin(service: Service, names: tuple[str, ...], whose: str, note: Note | None = None) -> None:
    current = service.memory.pointer.current()
    if current is not None:
        raise Conflict(
            f"{service.settings.name!r} has a version, {current}, and its classes; give what begins from nothing "
            "another --name"
        )
    service.memory.classes.begin(names, whose, note)


def _begun(given: dict[str, Json]) -> tuple[str, ...]:
    names = given.get("begin")
    if set(given) != {"begin"} or not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Malformed(FORM)
    return tuple(map(str, names))


def _change(given: dict[str, Json]) -> Change:
    kind = next((kind for kind in SECOND if kind in given), None)
    if kind is None or set(given) != {kind, SECOND[kind]} - {None}:
        raise Malformed(FORM)
    name, becomes = given[kind], given.get(SECOND[kind] or "")
    if not isinstance(name, str) or not isinstance(becomes, str | None):
        raise Malformed(FORM)
    return Change(kind, name, becomes)


def _listing(service: Service) -> dict[str, object]:
    memory, model = service.memory, service.serving.model
    vocabulary = memory.classes.vocabulary()
    names = vocabulary.names if vocabulary is not None else model.labels if model is not None else ()
    short = shortage(memory, vocabulary)
    counts = memory.browser.overview().counts.values()
    return {
        "classes": [
            {"name": name, "uploads": sum(of.get(name, 0) for of in counts), "lacking": short.get(name, 0)}
            for name in names
        ],
        "changes": [_decided(each) for each in memory.classes.decided() if each.batch is not None],
        "version": model.version if model is not None else None,
        "version_labels": list(model.labels) if model is not None else [],
        "advice": advice(short) if short else None,
    }


def _decided(decided: Decided) -> dict[str, object]:
    change = decided.change
    return {
        "batch": decided.batch,
        "created_at": decided.time,
        "action": change.kind,
        "name": change.name,
        "becomes": change.becomes,
    }
