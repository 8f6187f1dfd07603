"""A backup put into an empty place: all of it is looked at first, files are written before the facts that name them.

The facts come last and at once, so that whoever is stopped before leaves no database. What then lies there is marked,
and no program begins a new database beside the mark (missing.py); the same restore, done again, writes all of it anew.
"""

import fcntl
import hashlib
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy.engine import URL

from server.store import files, schema
from server.store.backup import facts
from server.store.backup.form import FACTS, INDEX, INDEX_LIMIT_BYTES, BackupError, Entry, Index
from server.store.missing import RESTORING
from server.store.reader import reading_engine

AT_ONCE, AT_ONCE_BYTES = 256, 32 * 2**20  # files that are written and synced together, and their bytes
# What zipfile raises of bytes that are no zip, or none of ours.
UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, RuntimeError)
OURS = {"artifacts": ("models", "candidates", "jobs"), "data": ("train", "test", "samples", "batches")}


class Restore:
    """One restore into one place."""

    def __init__(self, url: URL, roots: dict[str, Path], progress: Callable[[str, int, int], None]) -> None:
        """`roots` are the folders `data` and `artifacts`, resolved."""
        self._url = url
        self._roots = roots
        self._progress = progress
        self._is_sqlite = url.get_backend_name() == "sqlite"
        # Of PostgreSQL's facts the file that they are read from.
        self._place = Path(url.database or "") if self._is_sqlite else roots["artifacts"] / FACTS

    def read(self, source: Path) -> Index:
        """Put it there; what it was. Raises BackupError, StoreError or OSError."""
        with ExitStack() as open_files:
            try:
                backup = open_files.enter_context(zipfile.ZipFile(source))
                data = _index(backup)
                index = Index.from_json(data)
                self._verify(backup, index)
            except UNREADABLE as error:
                raise BackupError(f"{source.name} is damaged, or no backup: {error}") from None
            with self._marked(hashlib.sha256(data).hexdigest()):
                self._write(backup, index)
                self._put(backup, index)
        return index

    def _verify(self, backup: zipfile.ZipFile, index: Index) -> None:
        """Read all of it once, before anything is written."""
        if not schema.is_known(index.schema):
            raise BackupError(f"it was made by release {index.release}, which is newer (its schema is {index.schema}, "
                              f"this one reads {schema.HEAD})")  # fmt: skip
        for done, (name, entry) in enumerate([(FACTS, index.facts), *index.files.items()], 1):
            for _ in _pieces(backup, name, entry):
                pass
            self._progress("verified", done, len(index.files) + 1)

    @contextmanager
    def _marked(self, backup: str) -> Iterator[None]:
        """Hold the mark while it is written; it stays where that is not done to the end."""
        files.make_folder(self._roots["artifacts"])
        mark = self._roots["artifacts"] / RESTORING
        is_new = not mark.exists()
        if is_new:
            self._expect_nothing()
        with mark.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BackupError("another restore into this place is under way") from None
            file.seek(0)
            before = file.read()
            if before and before != backup:
                raise BackupError("a restore of another backup into this place was stopped: use empty folders")
            if not is_new:
                self._expect_no_facts()
                self._remove_temps()
            file.truncate(0)
            file.write(backup)
            file.flush()
            os.fsync(file.fileno())
            files.sync_folder(mark.parent)
            yield
            mark.unlink()
            files.sync_folder(mark.parent)

    def _expect_nothing(self) -> None:
        """Raise BackupError unless the place is empty."""
        self._expect_no_facts()
        for root, names in OURS.items():
            for name in names:
                folder = self._roots[root] / name
                if folder.exists() and any(folder.iterdir()):
                    raise BackupError(f"{folder} is not empty; restore into an empty place")

    def _expect_no_facts(self) -> None:
        if self._is_sqlite:
            for side in ("", "-wal", "-journal"):
                if (beside := self._place.with_name(self._place.name + side)).exists():
                    raise BackupError(f"{beside} is there already; restore into an empty place")
            return
        with reading_engine(self._url).connect() as connection:
            if not facts.is_empty(connection):
                raise BackupError("the database holds tables already; restore into an empty one")

    def _remove_temps(self) -> None:
        """Remove what a restore that was stopped had not written to its end."""
        for root, names in OURS.items():
            for folder in (self._roots[root] / name for name in names):
                for temp in folder.rglob(f"{files.TEMP_PREFIX}*"):
                    temp.unlink()
        for temp in self._place.parent.glob(f"{files.TEMP_PREFIX}{self._place.name}-*"):
            temp.unlink()

    def _write(self, backup: zipfile.ZipFile, index: Index) -> None:
        some, size = dict[Path, bytes](), 0
        for done, (name, entry) in enumerate(index.files.items(), 1):
            root, _, relative = name.partition("/")
            some[self._roots[root] / relative] = b"".join(_pieces(backup, name, entry))
            size += entry.bytes
            if len(some) >= AT_ONCE or size >= AT_ONCE_BYTES or done == len(index.files):
                for folder in {path.parent for path in some}:
                    files.make_folder(folder)
                files.write_many(some)
                some, size = {}, 0
            self._progress("written", done, len(index.files))

    def _put(self, backup: zipfile.ZipFile, index: Index) -> None:
        files.make_folder(self._place.parent)
        temp = self._place.with_name(f"{files.TEMP_PREFIX}{self._place.name}-{os.getpid()}")
        try:
            with temp.open("xb") as file:
                for piece in _pieces(backup, FACTS, index.facts):
                    file.write(piece)
            facts.renew(temp)
            if not self._is_sqlite:
                facts.put(temp, self._url)
                return
            with temp.open("rb") as file:
                os.fsync(file.fileno())
            self._expect_no_facts()
            temp.replace(self._place)
            files.sync_folder(self._place.parent)
        finally:
            temp.unlink(missing_ok=True)


def _index(backup: zipfile.ZipFile) -> bytes:
    try:
        info = backup.getinfo(INDEX)
    except KeyError:
        raise BackupError(f"it is no backup: it has no {INDEX}") from None
    if info.file_size > INDEX_LIMIT_BYTES:
        raise BackupError(f"its {INDEX} is larger than any that is made")
    return backup.read(info)


def _pieces(backup: zipfile.ZipFile, name: str, expected: Entry) -> Iterator[bytes]:
    """A file of it, piece by piece; raises BackupError at its end, or before, if it is not the one that is listed."""
    try:
        info = backup.getinfo(name)
    except KeyError:
        raise BackupError(f"it is damaged: {name} is missing") from None
    digest, size = hashlib.sha256(), 0
    with backup.open(info) as entry:
        while size <= expected.bytes and (piece := entry.read(files.PIECE_BYTES)):
            digest.update(piece)
            size += len(piece)
            yield piece
    if (digest.hexdigest(), size) != (expected.sha256, expected.bytes):
        raise BackupError(f"it is damaged: {name} is not what its list says")
