"""Files that facts name: written and durable before a fact does, and gone only after the last one went.

Whatever is written is first listed as pending; the transaction that names it takes it off the list. So whoever is
stopped in between leaves a row that says which file nobody owns, and nothing has to be guessed from names on the disk:
only what stands in that list is ever removed.
"""

import logging
import secrets
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from server.store import files, living
from server.store.database import Database
from server.store.errors import ClaimLost, StoreError
from server.store.split import split_of
from server.store.tables import image, job, model, pending, sample, version, worker

PICTURE_LIMIT_BYTES = 4 * 2**20  # read of a file; the pixels of the largest picture are a tenth of it
SWEEP_ROWS = 64  # that are swept in one transaction

logger = logging.getLogger("relearn")


@dataclass(frozen=True)
class Claim:
    """Files that one call may write, listed as pending."""

    owner: str
    root: str
    paths: tuple[str, ...]


class Content:
    """The files of one store: pictures below `data`, versions, candidates and logs below `artifacts`."""

    def __init__(self, database: Database, data: Path, artifacts: Path, name: str) -> None:
        """`name` is this process's, as living.py gives it, or that of the process it works for."""
        self._database = database
        self._roots = {"data": data, "artifacts": artifacts}
        self._name = name
        self._durable: set[Path] = set()  # folders whose names this process has synced
        self._given_up: set[str] = set()  # calls of this process that could not drop what they had claimed

    def path(self, root: str, relative: str) -> Path:
        return self._roots[root] / relative

    def claim(self, root: str, paths: Collection[str]) -> Claim:
        """List files or folders as pending, so that they may be written."""
        if not paths:
            return Claim("", root, ())
        with self._database.write() as connection:
            return self.claim_within(connection, root, paths)

    def claim_within(self, connection: Connection, root: str, paths: Collection[str]) -> Claim:
        """As `claim`, within a transaction of the caller's."""
        made = Claim(secrets.token_hex(16), root, tuple(paths))
        rows = [{"root": root, "path": path, "owner": made.owner, "living": self._name} for path in made.paths]
        connection.execute(insert(pending), rows)
        return made

    def is_free(self, connection: Connection, root: str, path: str) -> bool:
        """Whether nothing lies at a place, and no call may write there; within a writing transaction."""
        listed = select(pending.c.id).where(pending.c.root == root, pending.c.path == path).limit(1)
        return connection.execute(listed).first() is None and not self.path(root, path).exists()

    def unnamed(self, connection: Connection, root: str) -> tuple[int, int]:
        """How many files of calls under way, or that failed, there may be, and their bytes now; samples not counted."""
        mine = (pending.c.root == root) & pending.c.decision.is_(None) & ~pending.c.path.startswith("samples/")
        paths = connection.execute(select(pending.c.path).where(mine).distinct()).scalars().all()
        sizes = (files.size_of(self.path(root, path)) for path in paths)
        return len(paths), sum(size for size in sizes if size is not None)

    def write(self, contents: Mapping[str, bytes], root: str) -> None:
        """Write claimed files durably, many at a time; raises OSError."""
        paths = {self.path(root, relative): data for relative, data in contents.items()}
        for folder in {path.parent for path in paths}:
            self._make_folder(folder, self._roots[root])
        files.write_many(paths)

    def _make_folder(self, folder: Path, root: Path) -> None:
        """Make a folder, whose name is durable even if it was made by a process that died in between."""
        files.make_folder(folder)
        synced = []
        for each in (folder, *folder.parents):
            if each in self._durable:
                break
            files.sync_folder(each.parent)
            synced.append(each)
            if each == root:
                break
        self._durable.update(synced)

    def settle(self, connection: Connection, claim: Claim) -> None:
        """Take claimed files off the list, in the transaction that names them; raises ClaimLost if they were swept."""
        if not claim.paths:
            return
        done = connection.execute(delete(pending).where(pending.c.owner == claim.owner))
        if done.rowcount != len(claim.paths):
            raise ClaimLost("the call took so long that it was taken for dead; nothing was stored, so try again")

    def drop(self, claim: Claim) -> None:
        """Give up what was claimed: the files go, if no fact names them. What can't be removed now is swept later."""
        if not claim.paths:
            return
        mine = pending.c.owner == claim.owner
        try:
            with self._database.write(cleans=True) as connection:
                rows = connection.execute(select(pending).where(mine)).all()
                swept = set(claim.paths) - {row.path for row in rows}
                if swept:  # since we were taken for dead; and we may have written them again after that
                    again = {"root": claim.root, "owner": claim.owner, "living": self._name}
                    connection.execute(insert(pending), [again | {"path": path} for path in swept])
                    rows = connection.execute(select(pending).where(mine)).all()
                connection.execute(update(pending).where(mine).values(owner=None))
                self._remove(connection, rows)
        except (StoreError, OSError):
            self._given_up.add(claim.owner)

    def release(self, connection: Connection, root: str, paths: Iterable[str], decision: int | None = None) -> None:
        """List files whose last fact goes in this transaction; `sweep` removes them.

        With `decision` they stay until no open job learns from an older state of the dataset than that.
        """
        rows = [{"root": root, "path": path, "decision": decision} for path in paths]
        if rows:
            connection.execute(insert(pending), rows)

    def sweep(self) -> int:
        """Remove files that nobody names and whose writer is gone; how many. Raises StoreError."""
        after, removed = 0, 0
        while True:
            with self._database.read() as connection:
                rows = self._due(connection, after)
            if not rows:
                return removed
            after = rows[-1].id
            with self._database.write(cleans=True) as connection:
                still = select(pending).where(pending.c.id.in_([row.id for row in rows]))
                removed += self._remove(connection, self._gone(connection, connection.execute(still).all()))

    def tidy(self) -> None:
        """Sweep, after a change that is lasting already: what can't be removed now is removed another time."""
        try:
            self.sweep()
        except (StoreError, OSError) as error:
            logger.warning("files of no use could not be swept: %s", error)

    def tidy_folder(self, root: str, relative: str) -> None:
        """Remove a folder that held nothing but files of ours, once it is empty."""
        with suppress(OSError):
            self.path(root, relative).rmdir()

    def _due(self, connection: Connection, after: int) -> list[Row[tuple[object, ...]]]:
        oldest = select(func.min(job.c.decision)).where(job.c.open == 1).scalar_subquery()
        held = pending.c.decision.is_not(None) & (pending.c.decision > func.coalesce(oldest, pending.c.decision))
        query = select(pending).where(pending.c.id > after, ~held).order_by(pending.c.id).limit(SWEEP_ROWS)
        return list(connection.execute(query).all())

    def _gone(self, connection: Connection, rows: Iterable[Row[tuple[object, ...]]]) -> list[Row[tuple[object, ...]]]:
        """The rows that nobody writes any more."""
        rows = list(rows)
        written = {row.id: row.living for row in rows if row.owner is not None and row.owner not in self._given_up}
        alive = {name for name in set(written.values()) if self._is_alive(connection, name)}
        return [row for row in rows if written.get(row.id) not in alive]

    def _is_alive(self, connection: Connection, name: str) -> bool:
        seen = living.is_alive(name)
        if seen is not None:
            return seen
        workers = select(worker.c.id).where(worker.c.living == name)
        # The runner's child writes, and it is the runner that holds the lease: they are at the same place.
        beside = job.c.holder.startswith(f"{living.place_of(name)} ", autoescape=True)
        holders = select(job.c.id).where(beside, job.c.open == 1)
        return connection.execute(workers.union_all(holders).limit(1)).first() is not None

    def _remove(self, connection: Connection, rows: Iterable[Row[tuple[object, ...]]]) -> int:
        """Remove the files of pending rows, and the rows; those that a fact or another call names keep their files."""
        removed = 0
        for row in rows:
            path = self.path(row.root, row.path)
            same = (pending.c.root == row.root) & (pending.c.path == row.path) & (pending.c.id != row.id)
            others = connection.execute(select(pending.c.living).where(same, pending.c.owner.is_not(None)))
            writing = set(others.scalars())
            if row.living in writing:  # whose temp files are named alike
                continue
            try:
                if row.living is not None:
                    files.remove_temps(path, living.pid_of(row.living))
                if not writing and not is_named(connection, row.root, row.path):
                    removed += files.remove_ours(path)
            except OSError as error:
                logger.warning("%s of no use can't be removed yet: %s", row.path, error.strerror)
                continue
            connection.execute(delete(pending).where(pending.c.id == row.id))
        return removed


def picture_path(sha256: str) -> str:
    """The place of an upload's file below the data folder: no later fact changes it."""
    return f"{split_of(sha256)}/{sha256[:2]}/{sha256}.png"


def sample_path(sha256: str) -> str:
    """The place of a sample's file below the data folder; samples of the same pixels share it."""
    return f"samples/{sha256[:2]}/{sha256}.png"


def version_path(name: str, number: int | str) -> str:
    """The place of a version's folder below the artifacts folder."""
    return f"models/{name}/{number}"


def candidate_path(number: int | str) -> str:
    """The place of a refused candidate's folder below the artifacts folder."""
    return f"candidates/{number}"


def job_path(number: int | str) -> str:
    """The place of a job's logs below the artifacts folder."""
    return f"jobs/{number}"


def is_named(connection: Connection, root: str, path: str) -> bool:
    """Whether a fact names a file or folder."""
    parts = PurePosixPath(path).parts
    if root == "data":
        # By model as well, since that is how they are indexed: without it each look reads the whole table.
        table = sample if parts[0] == "samples" else image
        models = table.c.model_id.in_(select(model.c.id))
        query = select(table.c.id).where(models, table.c.sha256 == PurePosixPath(path).stem)
    elif parts[0] == "models":
        query = (
            select(version.c.number)
            .join(model, model.c.id == version.c.model_id)
            .where(model.c.name == parts[1], version.c.number == int(parts[2]), version.c.pruned == 0)
        )
    elif parts[0] == "candidates":
        query = select(job.c.id).where(job.c.id == int(parts[1]), job.c.candidate.is_not(None))
    else:
        query = select(job.c.id).where(job.c.id == int(parts[1]))
    return connection.execute(query.limit(1)).first() is not None
