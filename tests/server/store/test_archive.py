"""The folders and rows of an exported dataset, whatever its labels are."""

import csv
import io
import zipfile
from pathlib import PurePosixPath

import pytest

from server.store import archive
from server.store.memory import Memory
from server.store.selection import Selection
from tests.server.store.memories import doubted, labelled, labels

PLAIN = ("a b", "café", "数字", "🐱", "CON", 'say "hi", twice', "two\nlines", "=1+1", "x" * 300)
PATHS = ("../../etc", "/root", ".", "..", ".hidden", "a\\b", "a/b", "a%2Fb", " ", "end.", "c:d")
LABELS = PLAIN + PATHS


def test_a_label_of_any_kind_names_one_folder_and_comes_back(memory: Memory) -> None:
    memory.dataset.add([labelled(number, label) for number, label in enumerate(LABELS)], "upload")
    memory.dataset.add([doubted(99, "a b")], "upload")
    data = b"".join(archive.archive(memory.browser, memory.content, Selection()))
    found: dict[str, str] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as made:
        for name in made.namelist():
            path = PurePosixPath(name)
            assert len(path.parts) == (2 if path.name == "metadata.csv" else 3), name
            assert not path.is_absolute()
            assert ".." not in path.parts
            assert max(len(part.encode()) for part in path.parts) < 256
        for split in ("train", "test"):
            rows = csv.DictReader(io.StringIO(made.read(f"{split}/metadata.csv").decode(), newline=""))
            for row in rows:
                assert f"{split}/{row['file_name']}" in made.namelist()
                found[row["sha256"]] = row["label"]
    assert found == labels(memory)
    assert sorted(found.values()) == sorted(LABELS)


def test_folders_differ_where_labels_differ() -> None:
    short = [label for label in LABELS if len(label) <= archive.FOLDER_LIMIT]
    assert len({archive.folder_of(label) for label in short}) == len(short)


@pytest.mark.parametrize("rows", [1, 2, 1000])
def test_no_page_or_piece_loses_an_image(memory: Memory, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(archive, "ROWS", rows)
    monkeypatch.setattr(archive, "CHUNK_BYTES", 100)
    monkeypatch.setattr(archive, "HELD_BYTES", 10)
    memory.dataset.add([labelled(number) for number in range(12)], "upload")
    pieces = list(archive.archive(memory.browser, memory.content, Selection()))
    assert len(pieces) > 6
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as made:
        assert made.testzip() is None
        assert len([name for name in made.namelist() if name.endswith(".png")]) == 12
