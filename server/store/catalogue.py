"""The models of one database beside the default: listed, made and deleted, by names that are folders as well.

One that a server started with another --name has a base dataset of its own, which only that server knows. So only
those are meant here that began from nothing: all there is to learn from lies in the database and its folders.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, func, select

from server.store.classes import begin_in
from server.store.content import Content, candidate_path, job_path, picture_path, sample_path, version_path
from server.store.database import Database
from server.store.decisions import now
from server.store.errors import Conflict, NotFound, UnusableName
from server.store.fingerprint import EMPTY
from server.store.pointer import BASELINE, Baseline
from server.store.policy import Mode
from server.store.tables import (
    annotation,
    canary,
    class_change,
    decision,
    image,
    insert_row,
    job,
    metadata,
    model,
    move,
    policy,
    sample,
    version,
)
from server.store.vocabulary import Kind

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
HERE = exists().where(class_change.c.model_id == model.c.id, class_change.c.kind == Kind.BEGIN)

Note = Callable[[Connection, tuple[str, ...]], None]  # what else is written down, with its classes


@dataclass(frozen=True)
class Entry:
    """A model as a list shows it."""

    name: str
    created_at: str
    version: str | None  # that serves; None before the first
    versions: int
    images: int
    job: str | None  # that is open


@dataclass(frozen=True)
class Known:
    """A model as a worker has to know it that may have it loaded."""

    id: int
    is_awake: bool  # a job or a canary of it is open, or its policy begins retrains: somebody has to look after it


class Catalogue:
    """The models that a service has beside its default."""

    def __init__(self, database: Database, content: Content, default: str, baseline: Baseline) -> None:
        self._database = database
        self._content = content
        self._default = default
        self._baseline = baseline

    def entries(self) -> list[Entry]:
        """All of them by name, the default first."""
        moves = select(move.c.to_version).where(move.c.model_id == model.c.id)
        pointer = moves.order_by(move.c.id.desc()).limit(1).scalar_subquery()
        kept = select(func.count()).where(version.c.model_id == model.c.id, version.c.pruned == 0).scalar_subquery()
        open_job = select(job.c.id).where(job.c.model_id == model.c.id, job.c.open == 1).scalar_subquery()
        columns = pointer.label("pointer"), kept.label("kept"), open_job.label("open_job")
        query = select(model, *columns).where(HERE | (model.c.name == self._default)).order_by(model.c.name)
        with self._database.read() as connection:
            rows = sorted(connection.execute(query), key=lambda row: row.name != self._default)
        shipped = BASELINE if self._baseline.is_there() else None
        first = {self._default: shipped}  # of all the only one that can have it
        return [
            Entry(
                name=row.name,
                created_at=row.created_at,
                version=_text(row.pointer) or first.get(row.name),
                versions=row.kept,
                images=row.images,
                job=_text(row.open_job),
            )
            for row in rows
        ]

    def entry(self, name: str) -> Entry:
        """Raises NotFound."""
        found = [each for each in self.entries() if each.name == name]
        if not found:
            raise no_model(name)
        return found[0]

    def known(self) -> dict[str, Known]:
        """All but the default, by name."""
        busy = [exists().where(table.c.model_id == model.c.id, table.c.open == 1) for table in (job, canary)]
        query = select(model.c.id, model.c.name, (busy[0] | busy[1]).label("busy"), policy.c.content)
        query = query.join(policy, policy.c.model_id == model.c.id, isouter=True)
        with self._database.read() as connection:
            return {
                row.name: Known(row.id, bool(row.busy) or (row.content or {}).get("mode", Mode.OFF) != Mode.OFF)
                for row in connection.execute(query.where(HERE, model.c.name != self._default))
            }

    def create(self, name: str, classes: Sequence[str], by: str, note: Note | None = None) -> tuple[str, ...]:
        """Make a model that begins from nothing; its classes. `note` is called within the transaction.

        Raises UnusableName, UnusableLabel or Conflict.
        """
        if not NAME.fullmatch(name) or name == "stats":
            raise UnusableName(
                f"{name[:80]!r} can't be a model's name: a letter or digit, then up to 63 letters, digits, - and _; "
                "and not 'stats'"
            )
        if Baseline(self._baseline.folder, name).is_there():
            raise Conflict(f"{name!r} is the model that ships, with classes of its own; take another name")
        with self._database.write() as connection:
            alike = func.lower(model.c.name) == name.lower()  # a folder, which some disks know in either case
            there = connection.execute(select(model.c.name).where(alike)).scalar()
            if there is not None:
                raise Conflict(f"there is a model {there!r} already; take another name, or delete that one")
            number = insert_row(connection, model, {"name": name, "created_at": now(), "fingerprint": EMPTY})
            made = begin_in(connection, number, classes, by).names
            if note is not None:
                note(connection, made)
            return made

    def delete(self, name: str) -> None:
        """Delete a model with all that is known of it, and its files; raises NotFound, or Conflict."""
        if name == self._default:
            raise Conflict(f"{name!r} is the model that the short paths mean; it can't be deleted")
        with self._database.write() as connection:
            number = connection.execute(select(model.c.id).where(HERE, model.c.name == name)).scalar()
            if number is None:
                raise no_model(name)
            found = connection.execute(select(job.c.id, job.c.state).where(job.c.model_id == number, job.c.open == 1))
            if (under_way := found.first()) is not None:
                raise Conflict(
                    f"job {under_way.id} of {name!r} is {under_way.state}; wait for it, or cancel it: "
                    f"DELETE /m/{name}/retrain/jobs/{under_way.id}"
                )
            self._release(connection, number, name)
            _forget(connection, number)
        self._content.tidy()
        self._content.tidy_folder("artifacts", f"models/{name}")

    def _release(self, connection: Connection, number: int, name: str) -> None:
        """List its files as of no use; those that another model has as well stay, whoever names them."""
        numbers = select(version.c.number).where(version.c.model_id == number)
        jobs = connection.execute(select(job.c.id).where(job.c.model_id == number)).scalars().all()
        paths = [version_path(name, each) for each in connection.execute(numbers).scalars()]
        paths += [path for each in jobs for path in (job_path(each), candidate_path(each))]
        self._content.release(connection, "artifacts", paths)
        pictures = connection.execute(select(image.c.sha256, image.c.split).where(image.c.model_id == number))
        paths = [picture_path(row.sha256) for row in pictures]
        samples = connection.execute(select(sample.c.sha256).where(sample.c.model_id == number).distinct())
        paths += [sample_path(sha256) for sha256 in samples.scalars()]
        newest = connection.execute(select(func.max(decision.c.id))).scalar()
        self._content.release(connection, "data", paths, newest)  # another model's job may learn from one of them


def no_model(name: str) -> NotFound:
    return NotFound(f"there is no model {name[:64]!r}; GET /m lists them, POST /m makes one")


def _forget(connection: Connection, number: int) -> None:
    """Delete every row of a model: those that others refer to after those that refer to them."""
    of_images = annotation.c.image_id.in_(select(image.c.id).where(image.c.model_id == number))
    connection.execute(delete(annotation).where(of_images))
    for table in reversed(metadata.sorted_tables):
        if "model_id" in table.c:
            connection.execute(delete(table).where(table.c.model_id == number))
    connection.execute(delete(model).where(model.c.id == number))


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
