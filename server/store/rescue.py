"""Where the pointer stands, in a database that can't be opened as usual: so that at boot the right version serves.

It may be of a newer release, locked, or on a disk that can only be read. Nothing but the moves is looked at, whatever
else its schema has.
"""

from sqlalchemy import select
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from server.store.errors import Unavailable
from server.store.reader import reading_engine
from server.store.tables import model, move


def moves(url: URL, name: str, limit: int) -> list[tuple[int | None, int, str]]:
    """The newest moves of a model, oldest first: from, to, and what kind each was. Raises Unavailable."""
    query = (
        select(move.c.from_version, move.c.to_version, move.c.kind)
        .join(model, model.c.id == move.c.model_id)
        .where(model.c.name == name)
        .order_by(move.c.id.desc())
        .limit(limit)
    )
    try:
        with reading_engine(url).connect() as connection:
            rows = connection.execute(query).all()
    except SQLAlchemyError as error:
        raise Unavailable(f"the moves of {name!r} can't be read: {str(error).splitlines()[0]}") from None
    return [(row.from_version, int(row.to_version), str(row.kind)) for row in reversed(rows)]
