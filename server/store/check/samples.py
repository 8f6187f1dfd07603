"""Is the file of every sample there and the one that it was named for, and is every file there a sample's?"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, select

from server.store import files
from server.store.check.look import Look
from server.store.check.pictures import PAGE, name_of, still, strays
from server.store.content import PICTURE_LIMIT_BYTES, sample_path
from server.store.tables import sample


def findings(look: Look) -> Iterator[str]:
    """Samples without their picture, and pictures without a sample."""
    columns: list[Any] = [sample.c.id, sample.c.sha256, sample.c.bytes]
    query = select(*columns).order_by(sample.c.id).limit(PAGE)
    after = 0
    while True:
        with look.read() as connection:
            rows = connection.execute(query.where(sample.c.id > after)).all()
        if not rows:
            break
        after = rows[-1].id
        wrong = [(row.id, found) for row in rows if (found := _wrong(look, row)) is not None]
        yield from still(look, sample, wrong)
    yield from strays(look, "samples", "no sample's; remove it")


def _wrong(look: Look, row: Row[Any]) -> str | None:
    path = sample_path(row.sha256)
    where, remedy = f"sample {row.id}: its file {path}", f"remove it: DELETE /samples/{row.id}"
    try:
        data = files.read_regular(look.path("data", path), PICTURE_LIMIT_BYTES)
        name = name_of(data)
    except FileNotFoundError:
        return f"{where} is missing; {remedy}"
    except Exception as error:  # noqa: BLE001 - Pillow raises what it likes of a file that is damaged
        return f"{where} can't be read: {error}; {remedy}"
    if name != row.sha256:
        return f"{where} has other pixels, whose hash is {name}; {remedy}"
    if len(data) != row.bytes:
        return f"{where} has {len(data)} bytes, and {row.bytes} are noted down; {remedy}"
    return None
