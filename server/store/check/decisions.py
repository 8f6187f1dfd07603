"""Is the history of a dataset the one that was written? Each decision carries the hash of the one before."""

from collections.abc import Iterator

from sqlalchemy import select

from server.store.check.look import Look
from server.store.decisions import FIRST, Decision
from server.store.tables import decision, model

ROWS = 1000  # that are fetched at once


def findings(look: Look) -> Iterator[str]:
    """Decisions that were altered, or before which some were taken out."""
    with look.read() as connection:
        models = connection.execute(select(model).order_by(model.c.id)).all()
        for owner in models:
            query = select(decision).where(decision.c.model_id == owner.id).order_by(decision.c.id)
            before, newest = FIRST, 0
            for row in connection.execute(query, execution_options={"yield_per": ROWS}):
                made = Decision(row.model_id, row.time, row.by, row.action, row.batch_id, row.sha256, row.content)
                if made.hash_after(before) != row.hash:
                    yield (
                        f"decision {row.id} of {owner.name!r} ({row.action} by {row.by}, {row.time}) does not carry "
                        "the hash of the one before: it was altered, or one before it was altered or taken out; "
                        "compare with a copy of the database"
                    )
                before, newest = row.hash, row.id
            if owner.decision != newest:
                yield (
                    f"the newest decision of {owner.name!r} is {newest}, and its dataset is as decision "
                    f"{owner.decision} left it: decisions were taken out; compare with a copy of the database"
                )
