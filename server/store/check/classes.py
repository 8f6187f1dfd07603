"""Are the decisions about classes those that were logged, and do they follow from one another?"""

from collections.abc import Iterator

from sqlalchemy import select

from server.store import decisions
from server.store.check.look import Look
from server.store.classes import changes_in
from server.store.errors import StoreError
from server.store.tables import class_change, decision, model
from server.store.vocabulary import made_by


def findings(look: Look) -> Iterator[str]:
    """Changes that the log does not have like that, and those that can't have been made."""
    logged = (
        select(class_change, decision.c.id.label("number"), decision.c.content)
        .join(decision, decision.c.batch_id == class_change.c.batch_id)
        .where(decision.c.action != "undo")
        .order_by(class_change.c.id)
    )
    with look.read() as connection:
        for row in connection.execute(logged):
            if decisions.hash_of([(row.kind, row.name, row.becomes or "")]) != row.content:
                yield (
                    f"class_change {row.id} ({row.kind} {row.name!r}) is not what decision {row.number} was about: it "
                    "was altered; compare with a copy of the database"
                )
        for owner in connection.execute(select(model).order_by(model.c.id)).all():
            try:
                made_by(changes_in(connection, owner.id))
            except StoreError as error:
                yield (
                    f"the decisions about the classes of {owner.name!r} don't follow from one another: {error}; "
                    "compare with a copy of the database"
                )
