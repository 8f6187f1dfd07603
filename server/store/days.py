"""What the model answered on each day, by label: sums of all workers, kept for about a year.

A day is one of UTC, as the clock of the worker that answered had it. Sums are only ever added to, and the oldest days
make room, so a clock that jumps puts answers in another day and loses none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from server.store.called import shown_in
from server.store.database import Database, Name
from server.store.tables import clean, day

DAY_SECONDS = 86_400
DAYS_LIMIT = 400  # the newest are kept
LABELS_LIMIT = 250  # of a day; answers of further ones are counted together
LABEL_LIMIT = 200  # characters of one that are kept: PostgreSQL has no key of any length
OTHERS = ""  # in a label's place


@dataclass
class Answered:
    """Some answers, as sums."""

    answers: int = 0
    confidence: float = 0.0
    judged: int = 0  # those whose familiarity the model judged
    unfamiliar: int = 0

    def add(self, other: "Answered") -> None:
        self.answers += other.answers
        self.confidence += other.confidence
        self.judged += other.judged
        self.unfamiliar += other.unfamiliar


@dataclass
class Day:
    """The answers of one day."""

    number: int  # since 1970
    labels: dict[str, Answered] = field(default_factory=dict)

    @property
    def whole(self) -> Answered:
        """Of all labels."""
        whole = Answered()
        for each in self.labels.values():
            whole.add(each)
        return whole


class Days:
    """The days of one model."""

    def __init__(self, database: Database, model: Name) -> None:
        self._database = database
        self._model = model

    def add(self, answered: Mapping[tuple[int, str], Answered]) -> None:
        """Add answers to what their day and label have; all of them or none. Raises StoreError."""
        with self._database.write() as connection:
            known = {number: self._known(connection, number) for number, _ in answered}
            has_begun = not all(known.values())
            for (number, label), each in answered.items():
                self._count(connection, number, _place(clean(label)[:LABEL_LIMIT], known[number]), each)
            if has_begun:
                self._prune(connection)

    def newest(self, number: int) -> list[Day]:
        """So many of those that have answers, newest first, by what the labels are called now."""
        numbers = select(day.c.number).where(self._mine).distinct().order_by(day.c.number.desc()).limit(number)
        with self._database.read() as connection:
            days = {found: Day(found) for found in connection.execute(numbers).scalars()}
            mine = self._mine & (day.c.number >= min(days, default=0))
            shown = shown_in(connection, self._model.id)
            for row in connection.execute(select(day).where(mine).order_by(day.c.number, day.c.label)):
                answered = Answered(row.answers, row.confidence, row.judged, row.unfamiliar)
                days[row.number].labels.setdefault(shown(row.label) or row.label, Answered()).add(answered)
        return list(days.values())

    @property
    def _mine(self) -> ColumnElement[bool]:
        return day.c.model_id == self._model.id

    def _known(self, connection: Connection, number: int) -> set[str]:
        return set(connection.execute(select(day.c.label).where(self._mine, day.c.number == number)).scalars())

    def _count(self, connection: Connection, number: int, label: str, more: Answered) -> None:
        at = self._mine & (day.c.number == number) & (day.c.label == label)
        sums = {name: day.c[name] + value for name, value in vars(more).items()}
        if not connection.execute(update(day).where(at).values(sums)).rowcount:
            row = {"model_id": self._model.id, "number": number, "label": label} | vars(more)
            connection.execute(insert(day).values(row))

    def _prune(self, connection: Connection) -> None:
        """Remove the oldest days beyond those that are kept."""
        newest = select(day.c.number).where(self._mine).distinct().order_by(day.c.number.desc())
        beyond = connection.execute(newest.limit(1).offset(DAYS_LIMIT)).scalar()
        if beyond is not None:
            connection.execute(delete(day).where(self._mine, day.c.number <= beyond))


def _place(label: str, known: set[str]) -> str:
    """Where answers of a label count, in a day that has these."""
    place = label if label in known or len(known) < LABELS_LIMIT else OTHERS
    known.add(place)
    return place
