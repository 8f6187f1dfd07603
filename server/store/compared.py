"""What is known of two versions that answer side by side: by what workers counted, and by labels that were told since.

The two may have been trained before and after a change of the classes, and what was counted stands under the labels
that each had: all is read by what the classes are called now.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, select

from server.store.called import shown_in
from server.store.tables import canary_part, sample

ARMS = ("canary", "current")  # of a part
Shown = Callable[[str | None], str | None]


def parts_in(connection: Connection, number: int) -> list[dict[str, Any]]:
    """What each worker has counted of a canary that goes on, as it did."""
    query = select(canary_part.c.content).where(canary_part.c.canary_id == number).order_by(canary_part.c.worker)
    return [dict(each) for each in connection.execute(query).scalars()]


def read_as(part: Mapping[str, Any], shown: Shown) -> dict[str, Any]:
    """A part with its answers by what their labels are called now."""
    return dict(part) | {arm: _read_as(part[arm], shown) for arm in ARMS if arm in part}


def told_in(connection: Connection, model_id: int, row: Row[Any]) -> dict[str, tuple[int, int]]:
    """By version how many labels were told of its answers since a canary began, and how many say it was wrong."""
    shown = shown_in(connection, model_id)
    label = func.coalesce(sample.c.reviewed, sample.c.feedback)
    since = (sample.c.model_id == model_id) & (sample.c.id > row.sample_id) & label.is_not(None)
    columns = sample.c.version, label.label("label"), sample.c.predicted
    query = select(*columns, func.count().label("number")).where(since).group_by(*columns)
    told: dict[str, tuple[int, int]] = {}
    for each in connection.execute(query):
        labels, wrong = told.get(each.version, (0, 0))
        is_wrong = shown(each.label) != shown(each.predicted)
        told[each.version] = labels + each.number, wrong + each.number * is_wrong
    return told


def _read_as(arm: Mapping[str, Any], shown: Shown) -> dict[str, Any]:
    labels: dict[str, int] = {}
    for label, number in arm["labels"].items():
        name = shown(label) or label
        labels[name] = labels.get(name, 0) + number
    return dict(arm) | {"labels": labels}
