"""What was done with the uploads, as it was written down: a record a call, and what stands when all are replayed.

    <data>/batches/<number>.json   an upload with its images, or that something was accepted or removed

A file beside them that no record accounts for is of a call that was never acknowledged. A record that can't be read
stops everything, as it did before: what people said is not to be lost without their knowing.
"""

import itertools
import math
import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.store import files
from server.store.errors import Unavailable
from server.store.legacy.reading import number_of, numbers, time_of
from server.store.tables import clean

ACTIONS = {"upload": "upload", "accept": "accept", "remove": "remove", "remove batch": "undo"}  # then and now
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Upload:
    """One image of an upload: its label, doubted where it has a probability."""

    sha256: str
    label: str
    probability: float | None
    predicted: str | None


@dataclass(frozen=True)
class Record:
    """One call."""

    number: int
    time: str
    action: str  # as decisions have it
    source: str
    images: tuple[Upload, ...]
    sha256: str | None  # of the image that was accepted or removed
    batch: int | None  # that was uploaded or undone


@dataclass(slots=True)
class Word:
    """What one upload says of an image, and still stands: an annotation to be."""

    id: int
    batch: int
    label: str
    probability: float | None
    predicted: str | None
    accepted_by: int | None = None

    @property
    def is_doubted(self) -> bool:
        return self.probability is not None and self.accepted_by is None


def read_records(data: Path) -> Iterator[Record]:
    """Every record, oldest first, one at a time. Raises Unavailable for one that can't be read."""
    folder = data / "batches"
    for number in numbers(folder, ".json"):
        path = folder / f"{number}.json"
        try:
            yield _record(number, files.read_json(path))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Unavailable(
                f"the record {path} of an earlier release can't be read ({error!r}): bring it back from a backup, or "
                "move it away to do without it"
            ) from None


def replay(records: Iterable[Record], undone: Container[int]) -> dict[str, list[Word]]:
    """What stands of each image, oldest first, as the records leave it; an undone upload is as if it had never been."""
    standing: dict[str, list[Word]] = {}
    ids = itertools.count(1)
    for record in records:
        if record.action == "upload" and record.number not in undone:
            for each in record.images:
                word = Word(next(ids), record.number, each.label, each.probability, each.predicted)
                standing.setdefault(each.sha256, []).append(word)
        elif record.action == "accept" and record.sha256 in standing:
            newest = standing[record.sha256][-1]
            if newest.is_doubted:
                newest.accepted_by = record.number
        elif record.action == "remove" and record.sha256 is not None:
            standing.pop(record.sha256, None)
    return standing


def _record(number: int, content: dict[str, Any]) -> Record:
    action = ACTIONS[content["action"]]
    target = content["target"]
    images = {each["sha256"]: _upload(each) for each in content["images"]} if action == "upload" else {}
    return Record(
        number=number,
        time=time_of(content["created_at"]),
        action=action,
        source=str(content["source"]),
        images=tuple(images.values()),
        sha256=_sha256(target) if action in ("accept", "remove") else None,
        batch=number if action == "upload" else number_of(target),
    )


def _upload(content: dict[str, Any]) -> Upload:
    label, predicted = content["label"], content.get("predicted")
    if not isinstance(label, str) or label != clean(label):
        raise ValueError(f"{label!r} is no label")
    doubted = content["split"] == "suspect"
    return Upload(
        sha256=_sha256(content["sha256"]),
        label=label,
        probability=_probability(content.get("probability")) if doubted else None,
        predicted=str(predicted) if doubted and predicted is not None else None,
    )


def _sha256(content: object) -> str:
    if not isinstance(content, str) or not _SHA256.fullmatch(content):
        raise ValueError(f"{content!r} is no hash")
    return content


def _probability(content: object) -> float:
    """A doubted label's, which has to be a number: 0 where none was written down."""
    return float(content) if isinstance(content, int | float) and math.isfinite(content) else 0.0
