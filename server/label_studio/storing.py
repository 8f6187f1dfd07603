"""An annotation becomes an upload: examined, doubted, stored and split as any other (routes/upload.py)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request

from server.label_studio.labelling import Labelling, labelling_of
from server.label_studio.pictures import Pictures
from server.routes.claims import Claim
from server.routes.requests import by
from server.routes.service import Service
from server.routes.upload import door_of, doubted, examined
from server.store.errors import UnusableLabel
from server.store.files import Json
from server.web.errors import Malformed

SOURCE = "label-studio"
TAUGHT = ("ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED")
WHY_NOT = {
    "START_TRAINING": "a retrain is begun by POST /retrain, or by the retrain policy",
    "ANNOTATIONS_DELETED": "an upload is undone here: DELETE /dataset/batches/{batch}",
    "ANNOTATION_DELETED": "an upload is undone here: DELETE /dataset/batches/{batch}",
}
NOTHING_SAID = "the annotation chooses nothing"


@dataclass(frozen=True)
class Annotated:
    """A task, and what was chosen for it."""

    task: Json
    choice: str


async def taught(service: Service, pictures: Pictures, request: Request, given: dict[str, Json]) -> dict[str, Json]:
    """Store what an event says; its answer names the batch, if one is new, or why nothing was stored.

    Raises Malformed, UnusableLabel, what reading a picture raises, or what storing raises; then nothing was stored.
    """
    action = given.get("action")
    if action not in TAUGHT:
        return _ignored(WHY_NOT.get(str(action), "Unknown event"))
    project = given.get("project")
    labelling = labelling_of(project.get("label_config") if isinstance(project, dict) else None)
    each = annotated(given, labelling, service.settings.upload_limit_files)
    if not each:
        return _ignored(NOTHING_SAID)
    door = await asyncio.to_thread(door_of, service)
    labels = [labelling.label_of(one.choice, door.labels) for one in each]
    claims = [
        Claim(f"task {number}", label, partial(_same, data), False)
        for number, (label, data) in enumerate(
            zip(labels, await _files(pictures, request, each, labelling), strict=True)
        )
    ]
    with service.threads.place():
        usable, refused = await examined(service, claims, door, request.scope["share"])
    if refused:
        raise refused[0].error
    usable = await doubted(service, usable)
    add = service.memory.dataset.add
    stored = await asyncio.to_thread(add, [one.labelled for one in usable], SOURCE, by(request))
    status = "suspect" if stored.suspects else "stored" if stored.batch is not None else "unchanged"
    return {"status": "ok", "result": {"status": status, "batch": stored.batch, "count": stored.count}}


def annotated(given: dict[str, Json], labelling: Labelling, most: int) -> list[Annotated]:
    """What an event's annotations choose; raises Malformed, or UnusableLabel for several choices in one."""
    annotations, tasks = _many(given.get("annotation")), _many(given.get("task"))
    if not annotations or len(annotations) > most:
        raise Malformed(f"the event must have an 'annotation', or at most {most}; let the webhook send its payload")
    by_id = {str(task.get("id")): task for task in tasks}
    found = []
    for annotation in annotations:
        choice = _choice(annotation, labelling)
        task = by_id.get(str(annotation.get("task"))) or (tasks[0] if len(tasks) == len(annotations) == 1 else None)
        if choice is not None:
            found.append(Annotated(task, choice))
    return found


def _choice(annotation: dict[str, Json], labelling: Labelling) -> str | None:
    """The one choice; None if it was skipped or nothing was chosen."""
    result = annotation.get("result")
    if annotation.get("was_cancelled") or not isinstance(result, list):
        return None
    values = [
        each.get("value")
        for each in result
        if isinstance(each, dict) and (each.get("from_name"), each.get("type")) == (labelling.control, "choices")
    ]
    chosen = [value.get("choices") for value in values if isinstance(value, dict)]
    said = [choice for choices in chosen if isinstance(choices, list) for choice in choices]
    if len(said) > 1 or any(not isinstance(each, str) for each in said):
        raise UnusableLabel("a picture has one label here, and the annotation chooses several")
    return str(said[0]) if said else None


async def _files(pictures: Pictures, request: Request, each: Sequence[Annotated], labelling: Labelling) -> list[bytes]:
    """The bytes of every picture; raises the first reason why one is not to be had."""
    read = await pictures.read(request, [one.task for one in each], labelling.key)
    for one in read:
        if isinstance(one, Exception):
            raise one
    return [one for one in read if isinstance(one, bytes)]


def _many(given: Json) -> list[dict[str, Json]]:
    each = given if isinstance(given, list) else [given]
    return [one for one in each if isinstance(one, dict)]


def _ignored(reason: str) -> dict[str, Json]:
    return {"status": "ignored", "result": None, "reason": reason}


def _same(data: bytes) -> bytes:
    return data
