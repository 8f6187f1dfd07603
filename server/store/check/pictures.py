"""Is the file of every image there and the one that it was named for, and is every picture there an image's?"""

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import Row, Table, func, select

from server.pictures import image as pictures
from server.store import files
from server.store.check.look import Look
from server.store.content import PICTURE_LIMIT_BYTES, picture_path
from server.store.files import TEMP_PREFIX
from server.store.tables import image

PAGE = 200  # images that are looked at between two looks at the facts
NAMED = re.compile(r"([0-9a-f]{2})[0-9a-f]{62}\.png")
TEMP = re.compile(rf"{re.escape(TEMP_PREFIX)}([0-9a-f]{{64}}\.png).*")


def findings(look: Look) -> Iterator[str]:
    """Images without their picture, and pictures without an image."""
    yield from _images(look)
    for split in ("train", "test"):
        yield from strays(look, split, "no image's; remove it, or upload it with its label")


def _images(look: Look) -> Iterator[str]:
    columns: list[Any] = [image.c.id, image.c.sha256, image.c.bytes, image.c.split]
    query = select(*columns).order_by(image.c.id).limit(PAGE)
    with look.read() as connection:
        number = int(connection.execute(select(func.count()).select_from(image)).scalar() or 0)
    after = done = 0
    while True:
        with look.read() as connection:
            rows = connection.execute(query.where(image.c.id > after)).all()
        if not rows:
            return
        after, done = rows[-1].id, done + len(rows)
        wrong = [(row.id, found) for row in rows if (found := _wrong(look, row)) is not None]
        yield from still(look, image, wrong)
        look.progress("pictures", done, number)


def still(look: Look, table: Table, wrong: Sequence[tuple[int, str]]) -> list[str]:
    """What is said of rows that were not removed meanwhile."""
    if not wrong:
        return []
    with look.read() as connection:
        query = select(table.c.id).where(table.c.id.in_([number for number, _ in wrong]))
        there = set(connection.execute(query).scalars())
    return [sentence for number, sentence in wrong if number in there]


def _wrong(look: Look, row: Row[Any]) -> str | None:
    path = picture_path(row.sha256)
    remedy = f"upload the picture again, or remove it: DELETE /dataset/images/{row.sha256}"
    replace = f"remove the file, and {remedy}"
    try:
        data = files.read_regular(look.path("data", path), PICTURE_LIMIT_BYTES, alone=False)
    except FileNotFoundError:
        return f"image {row.sha256}: its file {path} is missing; {remedy}"
    except OSError as error:
        return f"image {row.sha256}: its file {path} can't be read: {error.strerror}; {replace}"
    try:
        name = name_of(data)
    except Exception as error:  # noqa: BLE001 - Pillow raises what it likes of a file that is damaged
        return f"image {row.sha256}: its file {path} is no picture of ours ({error}); {replace}"
    if name != row.sha256:
        return f"image {row.sha256}: its file {path} has other pixels, whose hash is {name}; {replace}"
    if len(data) != row.bytes:
        remedy = f"set image.bytes in row {row.id} to that"
        return f"image {row.sha256}: its file {path} has {len(data)} bytes, and {row.bytes} are noted down; {remedy}"
    return None


def name_of(data: bytes) -> str:
    """The name that a picture has by its pixels; raises whatever is wrong with it."""
    picture = Image.open(io.BytesIO(data), formats=("PNG",))
    if max(picture.size) > pictures.SIDE_LIMIT or picture.mode not in ("L", "RGB"):
        raise ValueError(f"{picture.width}x{picture.height}, {picture.mode}")
    return pictures.pixels_sha256(pictures.pixels(picture))


def strays(look: Look, split: str, fault: str) -> Iterator[str]:
    """Pictures in a folder of ours that no row names, and what is left of writes."""
    root = look.path("data", split)
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        if len(folder.name) != 2 or not folder.is_dir():
            continue
        names = [path.name for path in folder.iterdir()]
        paths = [f"{split}/{folder.name}/{name}" for name in names if (found := NAMED.fullmatch(name))
                 and found[1] == folder.name]  # fmt: skip
        for path in look.unaccounted("data", paths):
            yield f"the picture {path} is {fault}"
        for name in names:
            if (found := TEMP.fullmatch(name)) and _is_left(look, folder / name, f"{split}/{folder.name}/{found[1]}"):
                yield f"{folder / name} is what is left of a write that was stopped; remove it"


def _is_left(look: Look, temp: Path, target: str) -> bool:
    """Whether nobody writes a temp file that has to become `target`."""
    return not look.is_pending("data", target) and temp.exists()
