"""How the files of the form before are read: names that are numbers, JSON objects, lines of JSON, and broken ones."""

import json
from pathlib import Path

from server.store import files
from server.store.files import Json
from server.store.tables import clean
from server.store.versions import is_number

UNKNOWN = "unknown"  # who decided, where nobody wrote it down
_TIME_LIMIT = 40  # characters that a row has for a time


def numbers(folder: Path, suffix: str = "") -> list[int]:
    """The numbers that files or folders have for a name, in order; none if there is no such folder."""
    if not folder.is_dir():
        return []
    names = [path.name.removesuffix(suffix) for path in folder.iterdir() if path.name.endswith(suffix)]
    found = [number_of(name) for name in names]
    return sorted(number for number in found if number)


def number_of(content: Json) -> int | None:
    """The number that a word is, written as a number is; None for anything else."""
    if isinstance(content, str) and is_number(content) and content == str(int(content)):
        return int(content)
    return None


def read_object(path: Path) -> dict[str, Json] | None:
    """The JSON object in a file; None if it is missing or can't be read."""
    try:
        return files.read_json(path)
    except (OSError, ValueError):
        return None


def read_lines(path: Path) -> list[dict[str, Json]]:
    """The JSON objects in a file, one a line; lines that a crash cut are passed over, and no file means none."""
    if not path.is_file():
        return []
    objects = []
    for line in files.read_regular(path, files.JSON_LIMIT_BYTES).split(b"\n"):
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(content, dict):
            objects.append(content)
    return objects


def time_of(content: Json) -> str:
    """A time as a row can hold it."""
    return clean(str(content))[:_TIME_LIMIT]
