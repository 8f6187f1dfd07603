"""Which versions learned from which pictures: by the decision that each was trained at, and what was in force then.

A version that went on from another's weights has what that one learned in them, whatever was removed in between.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from server.store.annotations import Label
from server.store.database import Database, Name
from server.store.errors import NotFound
from server.store.lessons import held_at
from server.store.tables import lesson, version
from server.store.versions import Version, is_number

CHUNK = 500  # hashes that one statement names


@dataclass(frozen=True)
class Lesson:
    """A picture with the label that it had for a version."""

    id: int
    sha256: str
    split: str  # train: to learn from; test: to be judged by
    label: Label
    batch: str  # that put the label in force


@dataclass(frozen=True)
class Heir:
    """A version that was given a picture, with the label that it had then."""

    version: str
    label: Label


@dataclass(frozen=True)
class Heirs:
    """The versions that are kept and have something of a picture, oldest first."""

    learned: list[Heir]
    judged: list[Heir]
    descended: list[str]  # those that did not learn from it, and went on from the weights of one that did


@dataclass(frozen=True)
class Holders:
    """The versions that are kept and hold what was removed, oldest first."""

    learned: list[str]
    descended: list[str]


@dataclass(frozen=True)
class _Trained:
    """How a version came about."""

    version: str
    decision: int | None  # None for what learned from no uploads, or does not say
    parent: str | None  # whose weights it went on from
    is_kept: bool


class Lineage:
    """The origins of one model's versions."""

    def __init__(self, database: Database, model: Name) -> None:
        self._database = database
        self._model = model

    def lessons(self, of: Version, limit: int, before: int | None = None) -> list[Lesson]:
        """What a version was given, newest first; those with ids under `before`."""
        decision = _decision(of.figures)
        if decision is None:
            return []
        query = select(lesson).where(lesson.c.model_id == self._model.id, held_at(decision))
        if before is not None:
            query = query.where(lesson.c.id < before)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(lesson.c.id.desc()).limit(limit)).all()
        return [Lesson(row.id, row.sha256, row.split, row.label, str(row.batch_id)) for row in rows]

    def heirs(self, sha256: str) -> Heirs:
        """The versions that have something of a picture, be it there or removed; raises NotFound."""
        query = select(lesson).where(lesson.c.sha256 == sha256, lesson.c.model_id == self._model.id)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(lesson.c.id)).all()
            versions = self._versions(connection)
        if not rows:
            raise NotFound(f"no image {sha256[:64]!r} ever had a label here")
        given = {
            split: [
                Heir(each.version, row.label)
                for each in versions
                for row in rows
                if row.split == split and each.is_kept and _holds(row, each.decision)
            ]
            for split in ("train", "test")
        }
        taught = [row for row in rows if row.split == "train"]
        holders = _holders(versions, lambda decision: any(_holds(row, decision) for row in taught))
        return Heirs(given["train"], given["test"], holders.descended)

    def holders(self, batch: str | None, sha256s: Sequence[str] = ()) -> Holders:
        """The versions that learned what a batch said, or from these pictures."""
        with self._database.read() as connection:
            return self.holders_in(connection, batch, sha256s)

    def holders_in(self, connection: Connection, batch: str | None, sha256s: Sequence[str]) -> Holders:
        """As `holders`, in the caller's transaction."""
        said = select(lesson.c.since, lesson.c.until).where(lesson.c.model_id == self._model.id)
        said = said.where(lesson.c.split == "train").distinct()
        periods: set[Row[Any]] = set()
        if batch is not None and is_number(batch):
            periods.update(connection.execute(said.where(lesson.c.batch_id == int(batch))))
        for first in range(0, len(sha256s), CHUNK):
            some = sha256s[first : first + CHUNK]
            periods.update(connection.execute(said.where(lesson.c.sha256.in_(some))))
        versions = self._versions(connection)
        return _holders(versions, lambda decision: any(_holds(period, decision) for period in periods))

    def _versions(self, connection: Connection) -> list[_Trained]:
        columns = version.c.number, version.c.figures, version.c.pruned
        query = select(*columns).where(version.c.model_id == self._model.id).order_by(version.c.number)
        return [
            _Trained(str(row.number), _decision(row.figures), _parent(row.figures), not row.pruned)
            for row in connection.execute(query)
        ]


def _holders(versions: Iterable[_Trained], learned_at: Callable[[int | None], bool]) -> Holders:
    """Those of the versions, oldest first, that learned something, and those that went on from them."""
    learned, descended = list[_Trained](), list[_Trained]()
    have = set[str]()
    for each in versions:
        if learned_at(each.decision):
            learned.append(each)
        elif each.parent in have:
            descended.append(each)
        else:
            continue
        have.add(each.version)
    return Holders(
        [each.version for each in learned if each.is_kept], [each.version for each in descended if each.is_kept]
    )


def _holds(period: Row[Any], decision: int | None) -> bool:
    """Whether a lesson, or its period, was in force when a decision was the newest."""
    return decision is not None and period.since <= decision and (period.until is None or period.until > decision)


def _training(figures: Any) -> dict[str, Any]:
    training = figures.get("training") if isinstance(figures, dict) else None
    return training if isinstance(training, dict) else {}


def _decision(figures: Any) -> int | None:
    """The decision that a version was trained at; exported again it learned nothing new."""
    training = _training(figures)
    decision = training.get("decision")
    return decision if isinstance(decision, int) and "exported_again_from" not in training else None


def _parent(figures: Any) -> str | None:
    training = _training(figures)
    parent = training.get("exported_again_from", training.get("warm_start"))
    return None if parent is None else str(parent)
