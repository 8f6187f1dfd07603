"""Records become decisions, batches, images and annotations, under the numbers that they had.

Every record is a decision of its own number, chained as if it had been made now. What stands of the uploads becomes
annotations, an accepted one with the record that accepted it; what was undone or removed left nothing but its rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select, update

from server.store.annotations import CHUNK, Ledger
from server.store.content import picture_path
from server.store.decisions import FIRST, Decision, hash_of
from server.store.legacy.pictures import Pictures, old_path
from server.store.legacy.reading import UNKNOWN
from server.store.legacy.records import Record, Word, read_records, replay
from server.store.rows import insert_all, number_after
from server.store.split import split_of
from server.store.tables import annotation, batch, decision, image, lesson, model


def take_uploads(connection: Connection, data: Path, model_id: int) -> tuple[int, int]:
    """Take over the uploads of a data folder; how many images there are, and how many uploads that were not undone.

    The records are read one at a time and once for each kind of row, since a later one may undo an upload.
    """
    undone: dict[int, int] = {}
    insert_all(connection, decision, _decisions(read_records(data), model_id, undone))
    insert_all(connection, batch, _batches(read_records(data), model_id, undone))
    standing = replay(read_records(data), undone)
    size = _take_images(connection, data, model_id, standing)
    newest = int(connection.execute(select(func.max(decision.c.id))).scalar() or 0)
    batches = int(connection.execute(select(func.count()).where(batch.c.undone_by.is_(None))).scalar() or 0)
    totals = {"images": len(standing), "bytes": size, "batches": batches, "decision": newest}
    connection.execute(update(model).where(model.c.id == model_id).values(totals))
    for table in (decision, batch):  # a number means one record, whatever it was
        number_after(connection, table, newest)
    number_after(connection, image, len(standing))
    number_after(connection, annotation, max((words[-1].id for words in standing.values()), default=0))
    return len(standing), batches


def _decisions(records: Iterable[Record], model_id: int, undone: dict[int, int]) -> Iterator[dict[str, Any]]:
    """A row for each record; `undone` gets the uploads that were undone, each with the decision to do so."""
    before = FIRST
    for record in records:
        said = ((each.sha256, each.label, str(each.probability)) for each in record.images)
        content = hash_of(said) if record.action == "upload" else FIRST
        made = Decision(model_id, record.time, UNKNOWN, record.action, record.batch, record.sha256, content)
        before = made.hash_after(before)
        if record.action == "undo" and record.batch is not None:
            undone.setdefault(record.batch, record.number)
        yield {"id": record.number, **asdict(made), "hash": before}


def _batches(records: Iterable[Record], model_id: int, undone: dict[int, int]) -> Iterator[dict[str, Any]]:
    for record in records:
        if record.action == "upload":
            yield {
                "id": record.number,
                "model_id": model_id,
                "time": record.time,
                "source": record.source,
                "images": len(record.images),
                "undone_by": undone.get(record.number),
            }


def _take_images(connection: Connection, data: Path, model_id: int, standing: dict[str, list[Word]]) -> int:
    """Put the pictures in place and write down what is said of them; the size of their files in bytes."""
    pictures = Pictures(data)
    ledger = Ledger(connection, model_id)
    size = 0
    left = iter(enumerate(standing.items(), 1))
    while some := list(islice(left, CHUNK)):
        rows = [_image(pictures, number, model_id, sha256, words[-1]) for number, (sha256, words) in some]
        size += sum(row["bytes"] for row in rows)
        insert_all(connection, image, rows)
        insert_all(connection, annotation, _annotations((number, words) for number, (_, words) in some))
        ledger.settle([number for number, _ in some])
    pictures.finish()
    ledger.close()
    _date_lessons(connection, model_id)
    return size


def _date_lessons(connection: Connection, model_id: int) -> None:
    """Each label is in force since its upload, whose number is the decision's, or since it was accepted."""
    mine = (image.c.sha256 == lesson.c.sha256) & (image.c.model_id == lesson.c.model_id)
    accepted = select(annotation.c.accepted_by).join(image, image.c.annotation_id == annotation.c.id).where(mine)
    since = func.coalesce(accepted.scalar_subquery(), lesson.c.batch_id)
    connection.execute(update(lesson).where(lesson.c.model_id == model_id).values(since=since))


def _image(pictures: Pictures, number: int, model_id: int, sha256: str, newest: Word) -> dict[str, Any]:
    split = split_of(sha256)
    old = old_path(sha256, "suspect" if newest.is_doubted else split, newest.label)
    size = pictures.take(old, picture_path(sha256))
    return {"id": number, "model_id": model_id, "sha256": sha256, "bytes": size, "split": split}


def _annotations(images: Iterable[tuple[int, Sequence[Word]]]) -> Iterator[dict[str, Any]]:
    for number, words in images:
        for word in words:
            yield {
                "id": word.id,
                "image_id": number,
                "batch_id": word.batch,
                "label": word.label,
                "probability": word.probability,
                "predicted": word.predicted,
                "accepted_by": word.accepted_by,
            }
