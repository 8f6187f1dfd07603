"""The versions of one model: listed, read, published, promoted, pruned.

    <artifacts>/models/<name>/<version>/   the files of a version, immutable once a row names it
    <baseline>/                            version "0", shipped with the checkout

A version becomes visible, and current, in one transaction; so does every move. Its number counts up and is never used
again: a row holds it from its reservation on, and stays when the version is pruned.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from server.pictures.preprocessing import Preprocessing
from server.store import files
from server.store.content import Claim, Content, version_path
from server.store.database import Database, Name
from server.store.decisions import now
from server.store.errors import BrokenArtifact, Conflict, NotFound, StoreError
from server.store.figures import figures_of
from server.store.files import Json
from server.store.manifest import FILE_LIMIT_BYTES, Manifest, read_listed, read_manifest
from server.store.pointer import BASELINE, Baseline, Kind, Pointer, kind_of
from server.store.tables import version

Note = Callable[[Connection], None]  # what else is written down with a move
RESERVED = ""  # in place of the hash of a manifest: a version to come


@dataclass(frozen=True)
class Version:
    """One version as a list shows it."""

    version: str
    created_at: str
    bytes: int
    figures: dict[str, Json]


@dataclass(frozen=True)
class Reservation:
    """A number for a version to come, and the folder that only its holder may write."""

    version: str
    folder: Path
    claim: Claim


class Versions:
    """What is known of one model's versions."""

    def __init__(self, database: Database, content: Content, model: Name, baseline: Baseline, pointer: Pointer) -> None:
        self.name = model.name
        self._database = database
        self._content = content
        self._model = model
        self._baseline = baseline
        self._pointer = pointer

    def all(self) -> list[str]:
        """Every version that can be promoted, oldest first; the baseline, if it is of this name, stands first."""
        query = select(version.c.number).where(self._kept()).order_by(version.c.number)
        with self._database.read() as connection:
            numbers = connection.execute(query).scalars().all()
        return ([BASELINE] if self._baseline.is_there() else []) + [str(number) for number in numbers]

    def page(self, limit: int, before: int | None = None) -> list[Version]:
        """Versions, newest first, the baseline last; those with numbers under `before`."""
        query = select(version).where(self._kept()).order_by(version.c.number.desc()).limit(limit)
        if before is not None:
            query = query.where(version.c.number < before)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        found = [Version(str(row.number), row.created_at, row.bytes, row.figures) for row in rows]
        if len(found) < limit and self._baseline.is_there() and before != 0:
            found.append(self._baseline_version())
        return found

    def find(self, number: str) -> Version:
        """One version; raises NotFound."""
        if number == BASELINE and self._baseline.is_there():
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
            self._baseline.folder
            if number == BASELINE
            else self._content.path("artifacts", version_path(self.name, number))
        )

    def manifest(self, number: str) -> Manifest:
        """Raises BrokenArtifact if it is missing, malformed, or another model's."""
        return read_manifest(self.folder(number), self.name, number)

    def read(self, manifest: Manifest, file: str, limit_bytes: int = FILE_LIMIT_BYTES) -> bytes:
        """The bytes of one file of a version, its size and sha256 checked on those very bytes."""
        return read_listed(self.folder(manifest.version), manifest, file, limit_bytes)

    def report(self, number: str) -> dict[str, Json]:
        """The whole report of a version: report/report.json, or nothing where there is none that can be read."""
        try:
            return files.read_json(self.folder(number) / "report" / "report.json", alone=number != BASELINE)
        except (OSError, ValueError):
            return {}

    def promote(self, number: str, by: str, reason: str, expected: str | None, note: Note = lambda _: None) -> None:
        """Move the pointer to a version; raises CurrentMoved unless it is at `expected`, NotFound for no version."""
        with self._database.write() as connection:
            self._pointer.expect(connection, expected)
            self.promote_in(connection, number, by, reason, expected)
            note(connection)

    def promote_in(
        self, connection: Connection, number: str, by: str, reason: str, current: str | None, kind: Kind | None = None
    ) -> None:
        """As `promote`, in a transaction that has seen the pointer at `current`."""
        if not self._is_there(connection, number):
            raise NotFound(f"there is no version {number[:40]!r}; GET /models lists them")
        self._pointer.move(connection, number, kind or kind_of(number, current), by, reason)

    def check_input(self, version: str, preprocessing: Preprocessing, current: str | None) -> None:
        """Raise Conflict for a version that takes inputs of another form than the current one.

        No server could take it over while it answers: pictures are read before a batch has its model. Another number
        of the same preprocessing is no other form.
        """
        try:
            before = self.manifest(current).preprocessing if current is not None else preprocessing
        except BrokenArtifact:
            return
        if not preprocessing.is_like(before):
            raise Conflict(
                f"version {version} reads pictures another way than version {current}, which is current: as "
                f"{preprocessing}, not {before}; publish it under a name of its own (--name)"
            )

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
        serves: bool = True,
    ) -> None:
        """Make a version, whose folder is whole and durable, visible, together with what `also` changes.

        It is current from then on if it `serves`, else it stands beside the current one until somebody promotes it.
        Raises CurrentMoved, and then nothing changed, unless the pointer is at `expected`; and what `check_input` and
        `also` raise.
        """
        self.check_input(reservation.version, manifest.preprocessing, expected)
        row = {
            "created_at": manifest.created_at,
            "bytes": manifest.files["model.onnx"][1],
            "job_id": int(job) if job is not None and is_number(job) else None,
            "manifest": manifest.sha256,
            "figures": figures_of(report),
            "pruned": 0,
        }
        with self._database.write() as connection:
            self._pointer.expect(connection, expected)
            self._content.settle(connection, reservation.claim)
            connection.execute(update(version).where(self._reserved(reservation)).values(row))
            if serves:
                self._pointer.move(connection, reservation.version, "published", by, reason)
            if also is not None:
                also(connection)

    def prune(self, keep: int, spare: Collection[str] = ()) -> list[str]:
        """Remove the oldest versions but `keep`; never the current, the one before it, the baseline, or `spare`."""
        with self._database.write() as connection:
            query = select(version.c.number).where(self._kept()).order_by(version.c.number)
            numbers = connection.execute(query).scalars().all()
            spared = self._pointer.newest_two_in(connection)
            removed = [number for number in numbers[:-keep] if number not in spared and str(number) not in spare]
            gone = version.c.number.in_(removed) & (version.c.model_id == self._model.id)
            connection.execute(update(version).where(gone).values(pruned=1))
            paths = [version_path(self.name, number) for number in removed]
            self._content.release(connection, "artifacts", paths)
        self._content.tidy()
        return [str(number) for number in removed]

    def on_disk(self) -> list[str]:
        """The versions whose folders are there, newest first, then the baseline: for a database that can't be read."""
        folder = self._content.path("artifacts", version_path(self.name, "0")).parent
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        numbers = sorted((int(name) for name in names if is_number(name)), reverse=True)
        return [str(number) for number in numbers if number] + ([BASELINE] if self._baseline.is_there() else [])

    def _baseline_version(self) -> Version:
        manifest = self.manifest(BASELINE)
        size = manifest.files.get("model.onnx", ("", 0))[1]
        return Version(BASELINE, manifest.created_at, size, figures_of(self.report(BASELINE)))

    def _kept(self) -> Any:
        return (version.c.model_id == self._model.id) & (version.c.pruned == 0)

    def _reserved(self, reservation: Reservation) -> Any:
        number = version.c.number == int(reservation.version)
        return (version.c.model_id == self._model.id) & number & (version.c.manifest == RESERVED)

    def _is_there(self, connection: Connection, number: str) -> bool:
        if number == BASELINE:
            return self._baseline.is_there()
        if not is_number(number):
            return False
        query = select(version.c.number).where(self._kept(), version.c.number == int(number))
        return connection.execute(query).first() is not None


def is_number(text: str) -> bool:
    """Whether a word of a client's can be the number of a row."""
    return text.isdecimal() and text.isascii() and len(text) < 10
