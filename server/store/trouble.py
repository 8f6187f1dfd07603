"""What is wrong with a database that can't be opened as usual, in a sentence for whoever looks after the service."""

import os
from pathlib import Path

from sqlalchemy.engine import URL

from server.store.errors import Locked


def sentence(error: Exception, url: URL, can_be_read: bool) -> str:
    """`error` is what opening it raised; `can_be_read` says that a look, which changes nothing, succeeded."""
    words = f"the database can't be used: {error}" if isinstance(error, OSError) else str(error)
    if isinstance(error, Locked):
        return "the database is locked by another program; it is used again as soon as that lets go"
    if url.get_backend_name() != "sqlite" or not url.database:
        return words
    if "not a database" in words or "malformed" in words:
        return f"the file {Path(url.database).name} is damaged, or no SQLite database: put a copy of it back ({words})"
    return f"the database can be read, but not written: {words}" if can_be_read else words


def obstacle(file: Path) -> str | None:
    """What keeps this process from writing a database that is there; None if nothing is seen."""
    if not os.access(file, os.R_OK):
        return f"the file {file.name} may not be read by this user"
    sides = [side for side in (file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm")) if side.exists()]
    for path in (file, file.parent, *sides):
        if not os.access(path, os.W_OK):
            return f"{path.name} is read-only"
    return None
