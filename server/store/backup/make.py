"""A backup of a store, while a service uses it.

Content is written before a fact names it, and never changes: so the facts of one moment are taken first, and the files
that they name are there. A file that was removed since then is none that a backup may lack, so the facts are taken
again, and what they name beside what is already in it is added, until nothing was removed meanwhile.
"""

import hashlib
import os
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from server import __version__
from server.store import files, schema
from server.store.backup import facts
from server.store.backup.form import FACTS, INDEX, BackupError, Entry, Index
from server.store.backup.named import Named
from server.store.content import is_named
from server.store.decisions import now
from server.store.reader import reading_engine

ROUNDS = 50  # each is shorter than the one before, unless a service does nothing but remove


class Backup:
    """One backup of one store."""

    def __init__(self, url: URL, roots: dict[str, Path], progress: Callable[[str, int, int], None]) -> None:
        """`roots` are the folders `data` and `artifacts`, resolved."""
        self._url = url
        self._roots = roots
        self._progress = progress
        self._named = Named(roots)
        self._have: dict[str, Entry] = {}

    def write(self, target: Path) -> tuple[Index, list[str]]:
        """Write it, durable under its name when this returns; what is in it, and the files that are lost.

        Raises BackupError or OSError, and then nothing is left.
        """
        if target.exists():
            raise BackupError(f"{target} is there already")
        temp = target.with_name(f"{files.TEMP_PREFIX}{target.name}-{os.getpid()}")
        copy = temp.with_name(f"{temp.name}-{FACTS}")
        try:
            with temp.open("xb") as file:
                with zipfile.ZipFile(file, "w") as made, _told():
                    index, lost = self._fill(made, copy)
                file.flush()
                os.fsync(file.fileno())
            temp.replace(target)
            files.sync_folder(target.absolute().parent)
        finally:
            temp.unlink(missing_ok=True)
            copy.unlink(missing_ok=True)
        return index, lost

    def _fill(self, made: zipfile.ZipFile, copy: Path) -> tuple[Index, list[str]]:
        engine = reading_engine(self._url, alone=True)
        for _ in range(ROUNDS):
            copy.unlink(missing_ok=True)
            self._look(engine, copy)
            found, lost, is_stale = self._add(made, engine, copy)
            if is_stale:
                continue
            with copy.open("rb") as file:
                entry = _written(made, FACTS, file.fileno(), zipfile.ZIP_DEFLATED)
            index = Index(__version__, schema.HEAD, now(), entry, found)
            made.writestr(INDEX, index.to_json(), zipfile.ZIP_DEFLATED)
            return index, lost
        raise BackupError("files are removed faster than they can be copied; try again when less is removed")

    def _look(self, engine: Engine, copy: Path) -> None:
        with engine.connect() as connection:
            found = schema.version_of(connection)
        if found is None:
            raise BackupError("nothing is stored yet")
        if found != schema.HEAD:
            raise BackupError(f"the database's schema is {found}, and this release reads {schema.HEAD}: use the "
                              "server's own release, or start a server of this one, which renews it")  # fmt: skip
        facts.take(engine, copy)

    def _add(self, made: zipfile.ZipFile, engine: Engine, copy: Path) -> tuple[dict[str, Entry], list[str], bool]:
        """Add what the facts name and is not in it; the files of these facts, those lost, and if any was removed."""
        found, lost = dict[str, Entry](), list[str]()
        with facts.opened(copy) as connection:
            places = list(self._named.files(connection))
        for done, (root, path, file) in enumerate(places, 1):
            relative = f"{path}/{file}" if file else path
            name = f"{root}/{relative}"
            self._progress("files", done, len(places))
            if name not in self._have:
                try:
                    descriptor = files.open_plain(self._roots[root] / relative, alone=False)
                except PermissionError:
                    raise
                except OSError as error:
                    if self._was_removed(engine, root, path, self._roots[root] / relative):
                        return found, lost, True
                    lost.append(f"{name} can't be read: {error.strerror}")
                    continue
                try:
                    self._have[name] = _written(made, name, descriptor, zipfile.ZIP_STORED)
                finally:
                    os.close(descriptor)
            found[name] = self._have[name]
        return found, lost, False

    def _was_removed(self, engine: Engine, root: str, path: str, file: Path) -> bool:
        """Whether a file that is not there is one that a service removed since, and perhaps wrote again by now."""
        with engine.connect() as connection:
            if not is_named(connection, root, path):
                return True
        return file.is_file() and not file.is_symlink()


def _written(made: zipfile.ZipFile, name: str, descriptor: int, compression: int) -> Entry:
    """Add an open file; what it was."""
    info = zipfile.ZipInfo(name)
    info.compress_type = compression
    digest, size = hashlib.sha256(), 0
    with made.open(info, "w", force_zip64=True) as entry:
        while piece := os.read(descriptor, files.PIECE_BYTES):
            entry.write(piece)
            digest.update(piece)
            size += len(piece)
    return Entry(digest.hexdigest(), size)


@contextmanager
def _told() -> Iterator[None]:
    """What a database raises, as a sentence."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        words = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise BackupError(f"the database can't be read: {words}") from None
