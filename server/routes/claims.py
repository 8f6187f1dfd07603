"""What an upload's form says: files with a label each, or a dataset as people lay it out, be it in a zip.

A dataset is named by its folders or by a metadata.csv or .jsonl. Its halves are passed over: which uploads are held out
their pixels decide.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from server.layouts.layout import read_layout, why_stray
from server.layouts.metadata import METADATA
from server.layouts.tree import Bounds, Sent, Zip
from server.settings import Settings
from server.store.annotations import Label
from server.store.standing import CORRECTION
from server.web.errors import Malformed
from server.web.multipart import Part, files_of

SOURCE_LIMIT = 40  # characters
_ZIP_STARTS = (b"PK\3\4", b"PK\5\6")  # with files, and empty


@dataclass(frozen=True)
class Claim:
    """A file, and what it is said to show."""

    file: str
    label: Label
    read: Callable[[], bytes]  # raises OSError for what can't be unpacked
    was_looked_at: bool  # by a person, so that there is nothing to doubt


@dataclass(frozen=True)
class Claims:
    """All that a form says."""

    each: tuple[Claim, ...]
    source: str
    passed_over: tuple[tuple[str, str], ...] = ()  # files that are none of the dataset's, with the reason
    is_dataset: bool = False


def claims_of(parts: list[Part], settings: Settings) -> Claims:
    """Raises Malformed for a form that says no such thing, DatasetError for a dataset that can't be read."""
    files = files_of(parts, "curl -F files=@a.png -F labels=7 …")
    labels = [part.data.decode("utf-8", "replace") for part in parts if part.name == "labels"]
    source = next((part.data.decode("utf-8", "replace") for part in parts if part.name == "source"), "upload")
    if not source.replace("-", "").isalnum() or not source.isascii() or len(source) > SOURCE_LIMIT:
        raise Malformed(f"source must be a word of at most {SOURCE_LIMIT} letters and digits, such as {CORRECTION!r}")
    if _is_dataset(files, labels):
        return _of_dataset(files, labels, source, settings)
    if len(labels) == 1 and len(files) > 1:
        labels = labels[0].split(",", len(files))
    if len(labels) != len(files):
        raise Malformed(
            f"{len(files)} files but {len(labels)} labels; send one label a file, in the same order: labels repeated, "
            "or one field with commas; or a zip of folders named by labels, or a metadata.csv beside the files"
        )
    looked_at = source == CORRECTION
    paired = zip(files, labels, strict=True)
    each = (Claim(part.filename or "", label.strip(), partial(_data, part), looked_at) for part, label in paired)
    return Claims(tuple(each), source)


def _is_dataset(files: list[Part], labels: list[str]) -> bool:
    in_folders = not labels and any("/" in (part.filename or "") for part in files)
    return in_folders or any(_is_zip(part) or _is_list(part) for part in files)


def _of_dataset(files: list[Part], labels: list[str], source: str, settings: Settings) -> Claims:
    zips = [part for part in files if _is_zip(part)]
    if labels or len(zips) > 1:
        raise Malformed(
            f"{len(zips)} zips in one form; send one at once"
            if len(zips) > 1
            else "a zip or a metadata.csv says the labels itself; send no field 'labels' beside it"
        )
    tree = _tree(files, zips, settings)
    layout = read_layout(tree)
    return Claims(
        tuple(
            Claim(entry.file, entry.label, partial(tree.read, entry.file), CORRECTION in (source, entry.source))
            for entry in layout.entries
        ),
        source,
        tuple((file, why_stray(layout, file)) for file in layout.stray),
        is_dataset=True,
    )


def _tree(files: list[Part], zips: list[Part], settings: Settings) -> Sent:
    loose: dict[str, bytes] = {}
    bounds = Bounds(settings.zip_limit_files, settings.body_limit_bytes, settings.zip_limit_bytes)
    unpacked = next((Zip(Path(part.filename or "zip"), (part.data, bounds)) for part in zips), None)
    for part in files:
        if _is_zip(part):
            continue
        name = (part.filename or "").replace("\\", "/")
        if name in loose or (unpacked is not None and name in unpacked.files):
            raise Malformed(f"two files are called {name[:100]!r}; which label is whose can't be told")
        loose[name] = part.data
    return Sent(loose, unpacked)


def _data(part: Part) -> bytes:
    return part.data


def _is_zip(part: Part) -> bool:
    return part.data.startswith(_ZIP_STARTS)


def _is_list(part: Part) -> bool:
    return PurePosixPath((part.filename or "").replace("\\", "/")).name in METADATA
