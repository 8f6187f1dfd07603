"""Which picture of a tree has which label, and in which half it is: by folders, or by metadata.csv and .jsonl.

    train/<label>/*, test/<label>/*     with any of the words for a half; * at any depth
    <label>/*                           without halves
    metadata.csv | metadata.jsonl       at the top or in each half: file_name, label and perhaps split

All of it may lie in one folder more, as a zip often has it.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from server.layouts.errors import DatasetError
from server.layouts.metadata import METADATA, Row, rows_of
from server.layouts.tree import Folder, Tree, Zip

Half = Literal["train", "validation", "test"]
WORDS: dict[str, Half] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "dev", "val"), "validation"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}
_STRAY_NAMES = ("thumbs.db", "desktop.ini", "license", "readme", "labels.txt", "left-out.txt")
_STRAY_ENDINGS = {".txt", ".md", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".html", ".pdf", ".py"}


@dataclass(frozen=True)
class Entry:
    """One file that is said to show something."""

    file: str
    label: str
    half: Half | None
    source: str | None = None  # that metadata says


@dataclass(frozen=True)
class Layout:
    """Every picture, in the order of halves, labels and names; and the files that are none of the dataset's."""

    entries: tuple[Entry, ...]
    stray: tuple[str, ...]
    is_listed: bool  # by metadata


def layout_of(tree: Folder | Zip) -> Layout:
    """What is there to learn from and to judge by; raises DatasetError for what can't be laid out."""
    found = read_layout(tree)
    entries = _halved(list(found.entries))
    _check(tree, [file for file in tree.files if not _is_stray(file)], entries)
    return replace(found, entries=_in_order(entries))


def read_layout(tree: Tree) -> Layout:
    """As somebody laid it out, whatever the halves have; raises DatasetError for what can't be read so."""
    lists = [file for file in tree.files if PurePosixPath(file).name in METADATA and not _is_hidden(file)]
    pictures = [file for file in tree.files if not _is_stray(file)]
    entries = _listed(tree, lists) if lists else _in_folders(tree, pictures)
    used = {entry.file for entry in entries} | set(lists)
    return Layout(_in_order(entries), tuple(file for file in tree.files if file not in used), bool(lists))


def why_stray(layout: Layout, file: str) -> str:
    """Why a file is none of the dataset's, in words."""
    if _is_stray(file):
        return "it is no picture of the dataset"
    return "no metadata names it" if layout.is_listed else "it is in no folder that is named by a label"


def _in_order(entries: list[Entry]) -> tuple[Entry, ...]:
    order: tuple[Half | None, ...] = ("train", "validation", "test", None)
    return tuple(sorted(entries, key=lambda entry: (order.index(entry.half), entry.label, entry.file)))


def _in_folders(tree: Tree, pictures: list[str]) -> list[Entry]:
    top = _top(pictures)
    split = [(file, *_half_of(file, top)) for file in pictures]
    is_halved = any(half is not None and len(inner) > 1 for _, half, inner in split)
    return [
        Entry(file, _label(inner[0], tree.name(file)), half)
        for file, half, inner in split
        if len(inner) > 1 and (half is not None or not is_halved)
    ]


def _halved(entries: list[Entry]) -> list[Entry]:
    """With a test half: the validation's pictures where there is no other, or else what the hashes say (prepare.py)."""
    halves = {entry.half for entry in entries}
    if "test" in halves:
        return entries
    instead: dict[Half | None, Half | None] = {"train": "train", "validation": "test", None: None}
    return [replace(entry, half=instead[entry.half] if "validation" in halves else None) for entry in entries]


def _check(tree: Folder | Zip, pictures: list[str], entries: list[Entry]) -> None:
    full = {str(parent) for file in pictures for parent in PurePosixPath(file).parents}
    hidden = {str(PurePosixPath(file).parent) for file in tree.files if _is_hidden(PurePosixPath(file).name)}
    for folder in sorted({*tree.empty_folders, *hidden} - full - {"."}):
        if not _is_hidden(folder) and PurePosixPath(folder).name.lower() not in WORDS:
            raise DatasetError(f"{tree.name(folder)}: the class has no image; add some or remove the folder")
    train, test = ({entry.label for entry in entries if entry.half == half} for half in ("train", "test"))
    if test and train != test:
        differ = sorted(train ^ test)
        raise DatasetError(f"{tree.path}: train and test must have the same classes; only one of them has {differ}")
    alone = sorted({entry.label for entry in entries} - train) if test else []
    if alone:
        raise DatasetError(f"{tree.path}: no picture to train on is of {alone}; add some, or remove those that judge")


def _listed(tree: Tree, lists: Iterable[str]) -> list[Entry]:
    """What metadata says; a file of which two lists speak is as the nearer one says."""
    files = set(tree.files)
    found: dict[str, Entry] = {}
    for name in sorted(lists, key=lambda file: file.count("/")):
        folder = PurePosixPath(name).parent
        beside = _half_in(folder)
        for row in rows_of(tree, name):
            file = _beside(folder, row)
            if file not in files:
                raise DatasetError(f"{row.origin}: there is no file {row.file_name!r}; add it or take the line out")
            half = beside or _half_of_row(row) or _half_in(PurePosixPath(file).parent)
            found[file] = Entry(file, _label(row.label, row.origin), half, row.source)
    return list(found.values())


def _half_in(folder: PurePosixPath) -> Half | None:
    return next((WORDS[part.lower()] for part in folder.parts if part.lower() in WORDS), None)


def _half_of_row(row: Row) -> Half | None:
    if row.split is not None and row.split.lower() not in WORDS:
        raise DatasetError(f"{row.origin}: the split {row.split!r} is none of {', '.join(WORDS)}")
    return WORDS[row.split.lower()] if row.split is not None else None


def _beside(folder: PurePosixPath, row: Row) -> str:
    """The file that a row names, from the top."""
    path = PurePosixPath(row.file_name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise DatasetError(f"{row.origin}: {row.file_name!r} leads out of the dataset; name a file below {folder}/")
    return (folder / path).as_posix()


def _top(pictures: list[str]) -> tuple[str, ...]:
    """The folders that everything lies in, which say nothing: one above a half, or above more than one folder."""
    top: tuple[str, ...] = ()
    while True:
        below = {PurePosixPath(file).parts[len(top)] for file in pictures}
        deep = all(len(PurePosixPath(file).parts) > len(top) + 2 for file in pictures)
        if len(below) != 1 or not deep or next(iter(below)).lower() in WORDS:
            return top
        top = (*top, below.pop())


def _half_of(file: str, top: tuple[str, ...]) -> tuple[Half | None, tuple[str, ...]]:
    """The half that the outermost folder is named by, and the path within it."""
    parts = PurePosixPath(file).parts[len(top) :]
    half = WORDS.get(parts[0].lower()) if len(parts) > 1 else None
    return half, parts[1:] if half is not None and len(parts) > 2 else parts


def _label(text: str, origin: str) -> str:
    """The label as people write it; one name whatever system wrote it down."""
    label = unicodedata.normalize("NFC", text).strip()
    if not label or "/" in label or "\\" in label or label in (".", "..") or not label.isprintable():
        raise DatasetError(f"{origin}: the label {text[:60]!r} is a path, empty or no text; give the class a name")
    return label


def _is_stray(file: str) -> bool:
    path = PurePosixPath(file)
    name = path.name.lower()
    return (
        _is_hidden(file)
        or path.stem.lower() in _STRAY_NAMES
        or name in _STRAY_NAMES
        or path.suffix.lower() in _STRAY_ENDINGS
    )


def _is_hidden(file: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(file).parts)
