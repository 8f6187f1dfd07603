"""Pictures get a second name, at a place that no later fact changes.

    <data>/<split>/<label>/<sha256>.png   before; the split of a suspect was "suspect"
    <data>/<split>/<aa>/<sha256>.png      now

A name costs no room, and what was written under the first is as durable as it was.
"""

import logging
import os
import stat
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from server.store import files

NAMED = 3  # lost pictures that the log names

logger = logging.getLogger("relearn")


def old_path(sha256: str, split: str, label: str) -> PurePosixPath:
    """A picture's place below the data folder, before."""
    folder = quote(label, safe=" ")
    if folder.startswith("."):
        folder = "%2E" + folder[1:]
    return PurePosixPath(split, folder, f"{sha256}.png")


class Pictures:
    """The pictures below one data folder; what `take` did is durable after `finish`."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._folders: set[Path] = set()
        self._lost: list[PurePosixPath] = []

    def take(self, old: PurePosixPath, new: str) -> int:
        """Let a picture be found at its new place, too; the size of its file in bytes, 0 if there is none."""
        source, target = self._data / old, self._data / new
        try:
            found = source.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return self._size_of_lost(old, target)
        if not stat.S_ISREG(found.st_mode):
            return self._size_of_lost(old, target)
        if target.parent not in self._folders:
            files.make_folder(target.parent)
            self._folders.add(target.parent)
        try:
            os.link(source, target)
        except FileExistsError:  # of an attempt that was stopped, or the label is named as the folder is
            if target.stat().st_size != found.st_size:
                _copy(source, target)
        except OSError:  # the folders lie on different disks, or on one that knows no second names
            _copy(source, target)
        return found.st_size

    def finish(self) -> None:
        """Make the names durable, and tell of pictures that are lost."""
        for folder in self._folders:
            files.sync_folder(folder)
        if self._lost:
            named = ", ".join(str(path) for path in self._lost[:NAMED])
            logger.warning("lost files of uploaded images: %d, such as %s", len(self._lost), named)

    def _size_of_lost(self, old: PurePosixPath, target: Path) -> int:
        try:
            return target.stat().st_size  # it was taken over before, and the database was lost since
        except (FileNotFoundError, NotADirectoryError):
            self._lost.append(old)
            return 0


def _copy(source: Path, target: Path) -> None:
    """As files.write_file, but that an attempt which was stopped leaves no more than the next one writes over."""
    temp = target.with_name(files.TEMP_PREFIX + target.name)
    with temp.open("wb") as file:
        file.write(source.read_bytes())
        file.flush()
        os.fsync(file.fileno())
    temp.replace(target)
