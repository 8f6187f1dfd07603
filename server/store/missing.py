"""A database that is not where it was: it must not be made anew beside what it knew, for then nothing knows of it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from server.store import files
from server.store.errors import Unavailable

RESTORING = ".restoring"  # in the artifacts folder, from the beginning of a restore to its end: backup/restore.py
_PICTURE = re.compile(r"([0-9a-f]{2})[0-9a-f]{62}\.png")


def refuse(artifacts: Path, data: Path) -> None:
    """Raise Unavailable where versions or pictures lie that a new database would not know, or half a backup.

    What the records of the form before account for does not count, since it will be taken over.
    """
    if (artifacts / RESTORING).exists():
        raise Unavailable(
            f"a restore into {artifacts.name} has not come to its end; if it was stopped, do it again, or use empty "
            "folders"
        )
    found = next(_unknown(artifacts, data), None)
    if found is not None:
        raise Unavailable(
            f"the folders {artifacts.name} and {data.name} hold versions and pictures of a database that is not here, "
            f"such as {found}: put relearn.sqlite3 back, name it with RELEARN_DATABASE, or use empty folders"
        )


def _unknown(artifacts: Path, data: Path) -> Iterator[Path]:
    """What no record of the form before accounts for, below its root."""
    for folder in _folders(artifacts / "models"):
        known = _last_version(folder)
        for each in _folders(folder):
            is_version = each.name.isdecimal() and each.name.isascii() and (each / "manifest.json").is_file()
            if is_version and int(each.name) > known and not _is_of_before(each):
                yield each.relative_to(artifacts)
    recorded: set[str] | None = None
    for picture in _pictures(data):
        recorded = _recorded(data / "batches") if recorded is None else recorded
        if picture.stem not in recorded:
            yield picture.relative_to(data)


def _pictures(data: Path) -> Iterator[Path]:
    for split in ("train", "test", "samples"):
        for folder in _folders(data / split):
            if len(folder.name) == 2:
                for path in folder.iterdir():
                    named = _PICTURE.fullmatch(path.name)
                    if named and named[1] == folder.name:
                        yield path


def _last_version(folder: Path) -> int:
    """The highest version of which the pointer and the log of the form before know; 0 without any."""
    lines = [line for file in ("current.json", "promotions.jsonl") for line in _lines(folder / file)]
    numbers = [str(line.get(name)) for line in lines for name in ("version", "from", "to")]
    return max((int(number) for number in numbers if number.isdecimal()), default=0)


def _is_of_before(version: Path) -> bool:
    """Whether a version can be one that the form before had just made, and its pointer not yet named.

    That form left its lock beside every version; its reports know of no decisions.
    """
    if not (version.parent / "pointer.lock").is_file():
        return False
    try:
        training = files.read_json(version / "report" / "report.json").get("training")
    except (OSError, ValueError):
        return True
    return not (isinstance(training, dict) and "decision" in training)


def _lines(path: Path) -> Iterator[dict[str, object]]:
    """The JSON objects in a file, one a line; what can't be read says nothing."""
    try:
        lines = files.read_regular(path, files.JSON_LIMIT_BYTES).splitlines()
    except OSError:
        return
    for line in lines:
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(content, dict):
            yield content


def _recorded(batches: Path) -> set[str]:
    """The pictures that the records of the form before name."""
    found: set[str] = set()
    for path in batches.glob("*.json"):
        try:
            images = files.read_json(path).get("images")
        except (OSError, ValueError):
            continue
        if isinstance(images, list):
            found |= {str(each.get("sha256")) for each in images if isinstance(each, dict)}
    return found


def _folders(folder: Path) -> list[Path]:
    return [each for each in folder.iterdir() if each.is_dir()] if folder.is_dir() else []
