"""What a backup is: a zip of files as they lie below data/ and artifacts/, of the facts, and of a list of all of it.

The list is the last entry. Files that it does not name were removed while the backup was made, and count for nothing.
"""

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

FORM = 1
INDEX, FACTS = "backup.json", "facts.sqlite3"
INDEX_LIMIT_BYTES = 2**30
_FILE = re.compile(
    r"data/(train|test|samples)/[0-9a-f]{2}/[0-9a-f]{64}\.png"
    r"|artifacts/(models/[\w-]+|candidates|jobs)/[0-9]+/(report/)?[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}"
)


class BackupError(Exception):
    """There is no backup, or no restore; the message is a sentence for a person."""


@dataclass(frozen=True)
class Entry:
    """A file in a backup."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Index:
    """What a backup holds."""

    release: str
    schema: str  # of the facts: store/schema.py
    made_at: str
    facts: Entry
    files: dict[str, Entry]  # by their place: data/… or artifacts/…

    def to_json(self) -> bytes:
        return json.dumps({"form": FORM, **asdict(self)}, indent=1).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Index":
        """Raises BackupError for what is none, or names files that are none of a store."""
        try:
            content: dict[str, Any] = json.loads(data)
            if content["form"] != FORM:
                raise BackupError(f"the backup's form is {content['form']!r}, and this release reads {FORM}")
            made = cls(
                release=str(content["release"]),
                schema=str(content["schema"]),
                made_at=str(content["made_at"]),
                facts=_entry(content["facts"]),
                files={name: _entry(entry) for name, entry in content["files"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BackupError(f"its list {INDEX} can't be read: {error!r}") from None
        for name in made.files:
            if not _FILE.fullmatch(name):
                raise BackupError(f"it has a file that is none of a store: {name[:200]!r}")
        return made


def _entry(content: dict[str, Any]) -> Entry:
    return Entry(str(content["sha256"]), int(content["bytes"]))
