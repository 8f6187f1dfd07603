"""`python -m server backup FILE` and `restore FILE`, from the settings to the line that sums up."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import URL

from server.machine.progress import Progress
from server.settings import Settings
from server.store.backup.form import BackupError
from server.store.backup.make import Backup
from server.store.backup.restore import Restore
from server.store.engine import url_of
from server.store.errors import StoreError

DONE, NOT_WHOLE, NOT_DONE = 0, 1, 2  # what the command ends with


def backup(settings: Settings, target: Path) -> int:
    """Make one."""
    progress = Progress(sys.stderr)
    with _told(progress, "no backup was made"):
        index, lost = Backup(*_place(settings), progress.tell).write(target)
        progress.end()
        for each in lost:
            print(f"{each}; python -m server check says more", file=sys.stderr)
        print(f"{target} has {len(index.files):,} files and all facts" + (f"; {len(lost):,} are lost" if lost else ""))
        return NOT_WHOLE if lost else DONE
    return NOT_DONE


def restore(settings: Settings, source: Path) -> int:
    """Put one into an empty place."""
    progress = Progress(sys.stderr)
    with _told(progress, "nothing was restored"):
        index = Restore(*_place(settings), progress.tell).read(source)
        progress.end()
        print(f"{len(index.files):,} files and all facts are as they were at {index.made_at}")
        return DONE
    return NOT_DONE


def _place(settings: Settings) -> tuple[URL, dict[str, Path]]:
    roots = {"data": settings.data.resolve(), "artifacts": settings.artifacts.resolve()}
    return url_of(settings.database, settings.artifacts), roots


@contextmanager
def _told(progress: Progress, what: str) -> Iterator[None]:
    """A failure as a line on standard error."""
    try:
        yield
    except (BackupError, StoreError, OSError) as error:
        progress.end()
        print(f"error: {what}: {error}", file=sys.stderr)
