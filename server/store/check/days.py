"""Do the sums of each day's answers fit each other?"""

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import select

from server.store.check.look import Look
from server.store.tables import day, model

ROUNDING = 1e-3  # of a sum of confidences, each a float32


def findings(look: Look) -> Iterator[str]:
    """Days that say what no answers could add up to."""
    can_be = (
        (day.c.unfamiliar.between(0, day.c.judged))
        & (day.c.judged <= day.c.answers)
        & (day.c.answers > 0)
        & (day.c.confidence.between(0, day.c.answers * (1 + ROUNDING)))
    )
    columns = model.c.name, day.c.number, day.c.label
    query = select(*columns).join(model).where(~can_be).order_by(day.c.model_id, day.c.number, day.c.label)
    with look.read() as connection:
        for row in connection.execute(query):
            when = date(1970, 1, 1) + timedelta(row.number)
            yield f"the answers {row.label!r} of {row.name!r} on {when} do not fit each other; delete that row of day"
