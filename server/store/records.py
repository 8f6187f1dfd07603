"""What was done with the uploads, one record a call, and what there is when all of them are replayed."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, TypeAlias, cast
from urllib.parse import quote

from server.store.files import Json

Label: TypeAlias = str

TEST_SHARE = 5  # one in this many uploads is held out


@dataclass(frozen=True)
class Upload:
    """One stored image."""

    sha256: str  # of its pixels
    label: Label
    split: str  # train, test or suspect
    probability: float | None = field(default=None, compare=False)  # of a suspect's label, as the model saw it
    predicted: Label | None = field(default=None, compare=False)  # what the model took a suspect for


@dataclass(frozen=True)
class Record:
    """One call: an upload with its images, or what was accepted or removed."""

    number: str
    created_at: str
    action: str  # upload, accept, remove, remove batch
    source: str = ""  # of an upload: what its sender calls it
    images: tuple[Upload, ...] = ()
    target: str | None = None  # the image or the batch that was decided on

    @classmethod
    def new(cls, number: str, action: str, **details: Any) -> "Record":
        return cls(number, datetime.now(UTC).isoformat(timespec="milliseconds"), action, **details)

    @classmethod
    def from_json(cls, content: dict[str, Json]) -> "Record":
        listed = cast("list[dict[str, Any]]", content["images"])
        fields = cast("dict[str, Any]", content) | {"images": tuple(Upload(**entry) for entry in listed)}
        return cls(**fields)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def replay(records: Iterable[Record]) -> dict[str, Upload]:
    """Every image by its hash, as the records leave it."""
    listed = list(records)
    removed = {record.target for record in listed if record.action == "remove batch"}
    images: dict[str, Upload] = {}
    for record in listed:
        if record.action == "upload" and record.number not in removed:
            images |= {upload.sha256: upload for upload in record.images}
        elif record.action == "accept" and record.target in images:
            images[record.target] = replace(images[record.target], split=split_of(record.target))
        elif record.action == "remove" and record.target is not None:
            images.pop(record.target, None)
    return images


def split_of(sha256: str) -> str:
    """Where an upload belongs for ever, decided by nothing but its pixels: train or test."""
    return "test" if int(sha256[16:32], 16) % TEST_SHARE == 0 else "train"


def path_of(upload: Upload) -> PurePosixPath:
    """An image's place in the data folder; only the label, which is one of the model's, and a hash enter it."""
    folder = quote(upload.label, safe=" ")
    if folder.startswith("."):
        folder = "%2E" + folder[1:]
    return PurePosixPath(upload.split, folder, f"{upload.sha256}.png")
