"""The versions of one model, and the pointer to the one that serves: the newest row of its moves.

    <artifacts>/models/<name>/<version>/   the files of a version, immutable once a row names it
    <baseline>/                            version "0", shipped with the checkout, served while there is no move

A version becomes visible, and current, in one transaction; so does every move. The number of a version counts up and is
never used again, since the row of one that was pruned stays.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, select, update

from server.store import files, rescue
from server.store.content import Claim, Content, version_path
from server.store.database import Database, Name
from server.store.decisions import now
from server.store.errors import BrokenArtifact, CurrentMoved, NotFound, StoreError
from server.store.files import Json
from server.store.manifest import Manifest, read_listed, read_manifest
from server.store.tables import move, version

BASELINE = "0"
RESERVED = ""  # in place of the hash of a manifest: a version to come
FIGURES = ("metrics", "gate", "training", "timing", "dataset")  # the parts of a report that a list shows
LONG_FIGURES = (
    "history",
    "classes",
    "confusion",
    "reliability",
    "upload_batches",
)  # but for these, which only the report has
FALLBACKS = 100  # moves that are looked along for a version that can serve

Kind = Literal["published", "promoted", "rolled back"]


@dataclass(frozen=True)
class Version:
    """One version as a list shows it."""

    version: str
    created_at: str
    bytes: int
    figures: dict[str, Json]


@dataclass(frozen=True)
class Move:
    """One move of the pointer."""

    time: str
    from_version: str | None
    to_version: str
    kind: str
    by: str
    reason: str


@dataclass(frozen=True)
class Reservation:
    """A number for a version to come, and the folder that only its holder may write."""

    version: str
    folder: Path
    claim: Claim


class Versions:
    """What is known of one model's versions."""

    def __init__(self, database: Database, content: Content, model: Name, baseline: Path) -> None:
        self.name = model.name
        self._database = database
        self._content = content
        self._model = model
        self._baseline = baseline

    def current(self) -> str | None:
        """The version that the pointer names; the baseline before the first move; None if there is neither."""
        with self._database.read() as connection:
            return self._current(connection)

    def all(self) -> list[str]:
        """Every version that can be promoted, oldest first; the baseline, if it is of this name, stands first."""
        query = select(version.c.number).where(self._kept()).order_by(version.c.number)
        with self._database.read() as connection:
            numbers = connection.execute(query).scalars().all()
        return ([BASELINE] if self.has_baseline() else []) + [str(number) for number in numbers]

    def page(self, limit: int, before: int | None = None) -> list[Version]:
        """Versions, newest first, the baseline last; those with numbers under `before`."""
        query = select(version).where(self._kept()).order_by(version.c.number.desc()).limit(limit)
        if before is not None:
            query = query.where(version.c.number < before)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        found = [Version(str(row.number), row.created_at, row.bytes, row.figures) for row in rows]
        if len(found) < limit and self.has_baseline() and before != 0:
            found.append(self._baseline_version())
        return found

    def find(self, number: str) -> Version:
        """One version; raises NotFound."""
        if number == BASELINE and self.has_baseline():
            return self._baseline_version()
        row = None
        if is_number(number):
            with self._database.read() as connection:
                row = connection.execute(select(version).where(self._kept(), version.c.number == int(number))).first()
        if row is None:
            raise NotFound(f"there is no version {number[:40]!r}; GET /models lists them")
        return Version(str(row.number), row.created_at, row.bytes, row.figures)

    def folder(self, number: str) -> Path:
        return (
            self._baseline if number == BASELINE else self._content.path("artifacts", version_path(self.name, number))
        )

    def manifest(self, number: str) -> Manifest:
        """Raises BrokenArtifact if it is missing, malformed, or another model's."""
        return read_manifest(self.folder(number), self.name, number)

    def read(self, manifest: Manifest, file: str) -> bytes:
        """The bytes of one file of a version, its size and sha256 checked on those very bytes."""
        return read_listed(self.folder(manifest.version), manifest, file)

    def report(self, number: str) -> dict[str, Json]:
        """The whole report of a version: report/report.json, or nothing where there is none that can be read."""
        try:
            return files.read_json(self.folder(number) / "report" / "report.json")
        except (OSError, ValueError):
            return {}

    def moves(self, limit: int) -> list[Move]:
        """The newest moves of the pointer, oldest first."""
        query = select(move).where(move.c.model_id == self._model.id).order_by(move.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            Move(row.time, _text(row.from_version), str(row.to_version), row.kind, row.by, row.reason)
            for row in reversed(rows)
        ]

    def promote(self, number: str, by: str, reason: str, expected: str | None) -> None:
        """Move the pointer to a version; raises CurrentMoved unless it is at `expected`, NotFound for no version."""
        with self._database.write() as connection:
            self._expect(connection, expected)
            if not self._is_there(connection, number):
                raise NotFound(f"there is no version {number[:40]!r}; GET /models lists them")
            self._move(connection, number, kind_of(number, expected), by, reason)

    def reserve(self) -> Reservation:
        """The next number, and a folder of its own to write; to be given to `publish` or `give_up`.

        The number is used from now on, by a row as of a version that was pruned: so whoever was taken for dead, and
        goes on writing, writes into nobody else's folder.
        """
        with self._database.write() as connection:
            used = select(func.max(version.c.number)).where(version.c.model_id == self._model.id)
            number = int(connection.execute(used).scalar() or 0) + 1
            while not self._content.is_free(connection, "artifacts", version_path(self.name, number)):
                number += 1  # reserved by another call, somebody else's folder, or one that could not be swept
            row = {"model_id": self._model.id, "number": number, "created_at": now(), "bytes": 0, "manifest": RESERVED}
            connection.execute(insert(version).values(**row, figures={}, pruned=1))
            claim = self._content.claim_within(connection, "artifacts", [version_path(self.name, number)])
        return Reservation(str(number), self._content.path("artifacts", version_path(self.name, number)), claim)

    def give_up(self, reservation: Reservation) -> None:
        """Take back a reservation, and what was written into its folder."""
        self._content.drop(reservation.claim)
        with suppress(StoreError), self._database.write() as connection:
            connection.execute(delete(version).where(self._reserved(reservation)))

    def publish(
        self,
        reservation: Reservation,
        manifest: Manifest,
        report: Mapping[str, Any],
        expected: str | None,
        by: str,
        reason: str = "",
        job: str | None = None,
        also: Callable[[Connection], None] | None = None,
    ) -> None:
        """Make a version, whose folder is whole and durable, visible and current, together with what `also` changes.

        Raises CurrentMoved, and then nothing changed, unless the pointer is at `expected`; and what `also` raises.
        """
        row = {
            "created_at": manifest.created_at,
            "bytes": manifest.files["model.onnx"][1],
            "job_id": int(job) if job is not None and is_number(job) else None,
            "manifest": manifest.sha256,
            "figures": figures_of(report),
            "pruned": 0,
        }
        with self._database.write() as connection:
            self._expect(connection, expected)
            self._content.settle(connection, reservation.claim)
            connection.execute(update(version).where(self._reserved(reservation)).values(row))
            self._move(connection, reservation.version, "published", by, reason)
            if also is not None:
                also(connection)

    def prune(self, keep: int) -> list[str]:
        """Remove the oldest versions but `keep`; never the current, the one before it, or the baseline."""
        with self._database.write() as connection:
            query = select(version.c.number).where(self._kept()).order_by(version.c.number)
            numbers = connection.execute(query).scalars().all()
            newest = self._newest_move(connection)
            spared = {newest.to_version, newest.from_version} if newest is not None else set()
            removed = [number for number in numbers[:-keep] if number not in spared]
            gone = version.c.number.in_(removed) & (version.c.model_id == self._model.id)
            connection.execute(update(version).where(gone).values(pruned=1))
            paths = [version_path(self.name, number) for number in removed]
            self._content.release(connection, "artifacts", paths)
        self._content.tidy()
        return [str(number) for number in removed]

    def fallbacks(self) -> list[str]:
        """The versions to try at boot: the current, then back along the moves, then the baseline.

        A version that was rolled back from is not tried: somebody found it wanting.
        """
        return self._along([(each.from_version, each.to_version, each.kind) for each in self.moves(FALLBACKS)])

    def rescued(self) -> list[str]:
        """As `fallbacks`, of a database that can't be opened as usual; raises Unavailable."""
        found = rescue.moves(self._database.url, self.name, FALLBACKS)
        return self._along([(_text(before), str(after), kind) for before, after, kind in found])

    def _along(self, moves: Sequence[tuple[str | None, str, str]]) -> list[str]:
        rejected = {before for before, _, kind in moves if kind == "rolled back"}
        current = [after for _, after, _ in moves[-1:]]
        earlier = [after for _, after, _ in reversed(moves) if after not in rejected]
        baseline = [BASELINE] if self.has_baseline() else []
        return list(dict.fromkeys([*current, *earlier, *baseline]))

    def on_disk(self) -> list[str]:
        """The versions whose folders are there, newest first, then the baseline: for a database that can't be read."""
        folder = self._content.path("artifacts", version_path(self.name, "0")).parent
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        numbers = sorted((int(name) for name in names if is_number(name)), reverse=True)
        return [str(number) for number in numbers if number] + ([BASELINE] if self.has_baseline() else [])

    def has_baseline(self) -> bool:
        """Whether the model that ships is of this name."""
        try:
            read_manifest(self._baseline, self.name, BASELINE)
        except BrokenArtifact:
            return False
        return True

    def _baseline_version(self) -> Version:
        manifest = self.manifest(BASELINE)
        size = manifest.files.get("model.onnx", ("", 0))[1]
        return Version(BASELINE, manifest.created_at, size, figures_of(self.report(BASELINE)))

    def _kept(self) -> Any:
        return (version.c.model_id == self._model.id) & (version.c.pruned == 0)

    def _reserved(self, reservation: Reservation) -> Any:
        number = version.c.number == int(reservation.version)
        return (version.c.model_id == self._model.id) & number & (version.c.manifest == RESERVED)

    def _newest_move(self, connection: Connection) -> Any:
        query = select(move).where(move.c.model_id == self._model.id).order_by(move.c.id.desc()).limit(1)
        return connection.execute(query).first()

    def _current(self, connection: Connection) -> str | None:
        newest = self._newest_move(connection)
        if newest is not None:
            return str(newest.to_version)
        return BASELINE if self.has_baseline() else None

    def _expect(self, connection: Connection, expected: str | None) -> None:
        current = self._current(connection)
        if current != expected:
            raise CurrentMoved(f"the current version is {current}, not {expected}")

    def _is_there(self, connection: Connection, number: str) -> bool:
        if number == BASELINE:
            return self.has_baseline()
        if not is_number(number):
            return False
        query = select(version.c.number).where(self._kept(), version.c.number == int(number))
        return connection.execute(query).first() is not None

    def _move(self, connection: Connection, number: str, kind: Kind, by: str, reason: str) -> None:
        before = self._current(connection)
        row = {
            "model_id": self._model.id,
            "time": now(),
            "from_version": int(before) if before is not None and number != before else None,
            "to_version": int(number),
            "kind": kind,
            "by": by,
            "reason": reason,
        }
        connection.execute(insert(move).values(row))


def is_number(text: str) -> bool:
    """Whether a word of a client's can be the number of a row."""
    return text.isdecimal() and text.isascii() and len(text) < 10


def kind_of(number: str, current: str | None) -> Kind:
    """What a move by hand from `current` to a version is called in the log: back to an older one, or on."""
    return "rolled back" if current is not None and int(number) < int(current) else "promoted"


def figures_of(report: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a report that a list shows."""
    return {name: _without_long(report.get(name)) for name in FIGURES}


def _without_long(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    return {name: _without_long(value) for name, value in part.items() if name not in LONG_FIGURES}


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
