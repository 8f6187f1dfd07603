"""A dataset as others read it: a zip of train/<label>/<sha256>.png and test/…, with a metadata.csv in each half.

`datasets.load_dataset("imagefolder")` reads it; who knows folders only finds the label in their names.
"""

import csv
import io
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

from server.store import files
from server.store.browse import Browser, Picture
from server.store.content import PICTURE_LIMIT_BYTES, Content, picture_path
from server.store.selection import Selection, State
from server.store.standing import CORRECTION, REVISIONS

COLUMNS = ("file_name", "label", "split", "source", "batch", "time", "sha256")
LEFT_OUT = "left-out.txt"
ROWS = 500  # that are read of the database at once
CHUNK_BYTES = 2**18
HELD_BYTES = 2**20  # of a metadata.csv that is held in memory; the rest waits in a temporary file
FOLDER_LIMIT = 60  # characters of a label that a folder is named by: no system takes over 255 bytes
_UNSAFE = '<>:"/\\|?*%'  # on one system or another


def archive(browser: Browser, content: Content, selection: Selection) -> Iterator[bytes]:
    """The zip, piece by piece: the images with a label in force, as each is when its turn comes.

    An image whose file is lost is named in left-out.txt.
    """
    sink = _Sink()
    lost = []
    with zipfile.ZipFile(sink, "w") as made, _Metadata() as train, _Metadata() as test:
        for picture in _labelled(browser, selection):
            path = content.path("data", picture_path(picture.sha256))
            try:
                png = files.read_regular(path, PICTURE_LIMIT_BYTES, False)
            except OSError as error:
                lost.append(f"{picture.sha256}: its file can't be read ({error.strerror})\n")
                continue
            name = f"{folder_of(picture.label or '')}/{picture.sha256}.png"
            made.writestr(f"{picture.split}/{name}", png)
            (train if picture.split == "train" else test).add(name, picture)
            if sink.size >= CHUNK_BYTES:
                yield sink.take()
        for split, metadata in (("train", train), ("test", test)):
            if metadata.rows:
                with made.open(f"{split}/metadata.csv", "w", force_zip64=True) as entry:
                    for piece in metadata.pieces():
                        entry.write(piece)
                        yield sink.take()
        if lost:
            made.writestr(LEFT_OUT, "".join(lost))
    yield sink.take()


def folder_of(label: str) -> str:
    """The folder that images of a label are in: its name, but for what a system could take for something else."""
    cut = label[:FOLDER_LIMIT]
    safe = "".join(each if each.isprintable() and each not in _UNSAFE else quote(each, safe="") for each in cut)
    if safe.strip(". ") != safe or not safe:  # hidden, a folder above, or what Windows drops
        safe = safe.replace(".", "%2E").replace(" ", "%20") or "%"
    return safe


def _labelled(browser: Browser, selection: Selection) -> Iterator[Picture]:
    wanted = replace(selection, state=State.LABELLED)
    before: int | None = None
    while True:
        page = browser.page(ROWS, before, wanted)
        yield from page.pictures
        if page.next is None:
            return
        before = page.next


class _Metadata:
    """One metadata.csv, until its turn comes."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(HELD_BYTES)  # noqa: SIM115 - closed in __exit__
        self.rows = 0

    def __enter__(self) -> "_Metadata":
        self._write(COLUMNS)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, name: str, picture: Picture) -> None:
        source = CORRECTION if picture.source in REVISIONS else picture.source
        self._write((name, picture.label, picture.split, source, picture.batch, picture.time, picture.sha256))
        self.rows += 1

    def pieces(self) -> Iterator[bytes]:
        self._file.seek(0)
        while piece := self._file.read(CHUNK_BYTES):
            yield piece

    def _write(self, row: tuple[str | None, ...]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(row)
        self._file.write(text.getvalue().encode())


class _Sink(io.RawIOBase):
    """What a zip is written to: kept until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        self._pieces.append(bytes(data))
        self.size += len(data)
        return len(data)

    def take(self) -> bytes:
        pieces, self._pieces, self.size = self._pieces, [], 0
        return b"".join(pieces)
