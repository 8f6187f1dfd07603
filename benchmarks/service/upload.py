"""Many pictures in one upload, beside a bare loop that opens, writes and syncs the very same files.

The loop writes into folders that are there already, as the store's are, and syncs each of them once in the end. It
knows no database, renames nothing and decodes nothing: it is what the disk asks of anybody who promises to keep files.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from benchmarks.measure import Result, Setting, ratio_row
from benchmarks.service import images
from server.pictures import image
from server.settings import Settings
from server.store import files
from server.store.content import picture_path
from server.store.dataset import Labelled
from server.store.memory import Memory

PICTURES = 500  # in one upload
BEFORE = 1_000  # test images that others use
LIMITS = image.Limits.of(Settings())
SOURCE = "correction"  # of a label that a person gave looking at the picture, so that the model is not asked


class Call(Protocol):
    """Asks the server."""

    def __call__(self, method: str, path: str, body: bytes, content_type: str) -> bytes: ...


def measure(result: Result, setting: Setting, memory: Memory, call: Call, folder: Path) -> None:
    """POST /upload and Dataset.add, each against the loop in `folder`, in turn; each time with other pictures."""
    for split in ("train", "test"):
        for first in range(256):
            (folder / split / f"{first:02x}").mkdir(parents=True)
    ways: dict[str, Callable[[range], float]] = {
        "POST /upload": lambda chosen: _post(call, chosen),
        "Dataset.add": lambda chosen: _add(memory, chosen),
        "a bare loop": lambda chosen: _bare(folder, chosen),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    first = BEFORE
    for _ in range(setting.rounds):
        for name, way in ways.items():
            rates[name].append(PICTURES / way(range(first, first + PICTURES)))
            first += PICTURES
    for name in ("POST /upload", "Dataset.add"):
        ratios = [one / other for one, other in zip(rates[name], rates["a bare loop"], strict=True)]
        row = ratio_row(f"{PICTURES} pictures in one upload", f"pictures/s, {name} / a bare loop", ratios, at_least=0.5)
        result.rows.append(row)
    result.measured["pictures_per_second"] = rates


def form(pictures: Sequence[bytes], labels: Sequence[str]) -> tuple[bytes, str]:
    """The body of an upload, and its content type."""
    parts = [b'name="source"\r\n\r\n' + SOURCE.encode()]
    for picture, label in zip(pictures, labels, strict=True):
        parts.append(b'name="files"; filename="digit.png"\r\nContent-Type: image/png\r\n\r\n' + picture)
        parts.append(b'name="labels"\r\n\r\n' + label.encode())
    opened = b"--" + images.BOUNDARY + b"\r\nContent-Disposition: form-data; "
    body = b"".join(opened + part + b"\r\n" for part in parts) + b"--" + images.BOUNDARY + b"--\r\n"
    return body, f"multipart/form-data; boundary={images.BOUNDARY.decode()}"


def _post(call: Call, chosen: range) -> float:
    body, content_type = form(
        [images.files()[each] for each in chosen], [str(images.labels()[each]) for each in chosen]
    )
    begun = time.perf_counter()
    answer = json.loads(call("POST", "/upload", body, content_type))
    seconds = time.perf_counter() - begun
    assert answer["count"] == len(chosen), f"not every picture was new: {answer['duplicates'][:5]}"
    return seconds


def _add(memory: Memory, chosen: range) -> float:
    labelled = [Labelled(image.read(images.files()[each], 1, LIMITS), str(images.labels()[each])) for each in chosen]
    begun = time.perf_counter()
    stored = memory.dataset.add(labelled, SOURCE)
    seconds = time.perf_counter() - begun
    assert stored.count == len(chosen), f"not every picture was new: {stored.duplicates[:5]}"
    return seconds


def _bare(folder: Path, chosen: range) -> float:
    names = [image.pixels_sha256(images.pixels()[each]) for each in chosen]
    contents = {folder / picture_path(name): images.files()[each] for name, each in zip(names, chosen, strict=True)}
    begun = time.perf_counter()
    for path, data in contents.items():
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    for parent in {path.parent for path in contents}:
        files.sync_folder(parent)
    return time.perf_counter() - begun
