"""Predictions whose pictures are kept for a while, each for a reason: docs/decisions/0036-samples.md.

    <data>/samples/<aa>/<sha256>.png     the picture as the model saw it, named by the hash of its pixels

Of each reason and hour those with the lowest ranks are kept. A random one's rank is drawn evenly, so that the lowest
are a sample without replacement of all answers of that hour, whichever worker gave them, and the lowest rank that had
to go is the probability that any of them had (bottom-k sampling and rank conditioning: Cohen and Kaplan 2007,
https://doi.org/10.1145/1281100.1281133). Of near copies one is kept; but each random one, for it stands for others.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from server.pictures.image import as_png, pixels_sha256
from server.pictures.likeness import is_near, likeness
from server.pictures.preprocessing import Input
from server.store import files
from server.store.called import shown_in
from server.store.content import PICTURE_LIMIT_BYTES, Content, sample_path
from server.store.database import Database, Name
from server.store.errors import NotFound
from server.store.sample import Caps, Sample, Seen, Why
from server.store.tables import sample
from server.store.versions import is_number

HOURS_A_DAY = 24


class Samples:
    """The samples of one model."""

    def __init__(self, database: Database, content: Content, model: Name) -> None:
        self._database = database
        self._content = content
        self._model = model

    def add(self, seen: Iterable[tuple[Seen, Input]], caps: Caps) -> None:
        """Keep what belongs among the kept; durable when it returns. Raises OSError or StoreError."""
        rows, inputs = [], {}
        for each, model_input in seen:
            sha256 = pixels_sha256(model_input)
            rows.append(vars(each) | {"sha256": sha256, "likeness": likeness(model_input)})
            inputs[sha256] = model_input
        with self._database.read() as connection:
            rows = self._chosen(connection, rows)
        if not rows:
            return
        pngs = {row["sha256"]: as_png(inputs[row["sha256"]]) for row in rows}
        rows = [row | {"bytes": len(pngs[row["sha256"]])} for row in rows]
        paths = {sample_path(sha256): png for sha256, png in pngs.items()}
        claim = self._content.claim("data", paths)
        try:
            self._content.write(paths, "data")
            with self._database.write() as connection:
                self._content.settle(connection, claim)
                self._content.release(connection, "data", paths)  # those that another worker's are near to are swept
                for row in self._chosen(connection, rows):
                    connection.execute(insert(sample).values({"model_id": self._model.id} | row))
                for why, hour in {(row["why"], row["hour"]) for row in rows}:
                    self._thin(connection, why, hour, caps.an_hour)
                self._prune(connection, caps, max(row["hour"] for row in rows))
        except BaseException:
            self._content.drop(claim)
            raise
        self._content.tidy()

    def gates(self, hour: int, most: int) -> dict[tuple[Why, int], float]:
        """Of each reason that is full in an hour: the rank from which on nothing more is kept. Raises StoreError."""
        of_hour = select(sample.c.why, sample.c.rank, sample.c.probability).where(self._mine, sample.c.hour == hour)
        kept: dict[Why, list[float]] = {}
        with self._database.read() as connection:
            for row in connection.execute(of_hour.order_by(sample.c.why, sample.c.rank)):
                kept.setdefault(Why(row.why), []).append(row.rank if row.probability is None else row.probability)
        return {
            (why, hour): min(found) if why is Why.RANDOM else found[most - 1]
            for why, found in kept.items()
            if why is Why.RANDOM or len(found) >= most
        }

    def prune(self, caps: Caps, hour: int) -> None:
        """Remove what is too old, or more than is kept; `hour` is the present one. Raises StoreError."""
        with self._database.read() as connection:
            if connection.execute(select(sample.c.id).where(self._mine).limit(1)).first() is None:
                return
        with self._database.write() as connection:
            self._prune(connection, caps, hour)
        self._content.tidy()

    def showing(self, version: str, since: str, moved: Mapping[str, Any], most: int) -> list[int]:
        """Samples of a version, the newest first, that have what moved in its answers (observe/windows.py)."""
        has: ColumnElement[bool] = sample.c.time >= since
        if moved["of"] == "label":
            has &= sample.c.predicted == moved["label"]
        elif moved["of"] in ("margin", "score"):
            value = sample.c[moved["of"]]
            is_more = moved["now"] > moved["reference"]
            has &= value <= moved["at_most"] if is_more else value > moved["at_most"]
        found = select(sample.c.id).where(self._mine, sample.c.version == version, has)
        with self._database.read() as connection:
            return list(connection.execute(found.order_by(sample.c.id.desc()).limit(most)).scalars())

    def every(self) -> list[Sample]:
        """All of them, newest first: there are never more than may be kept."""
        return self._list(select(sample).where(self._mine).order_by(sample.c.id.desc()))

    def totals(self) -> tuple[int, int]:
        """How many there are, and how many bytes their files have."""
        query = select(func.count(), func.coalesce(func.sum(sample.c.bytes), 0)).where(self._mine)
        with self._database.read() as connection:
            number, size = connection.execute(query).one()
        return int(number), int(size)

    def find(self, number: str) -> Sample:
        """One of them; raises NotFound."""
        found = self._list(select(sample).where(self._mine, _named(number)))
        if not found:
            raise _missing(number)
        return found[0]

    def of_request(self, request_id: str) -> list[Sample]:
        """Those of a request, or of several that had the same id."""
        return self._list(select(sample).where(self._mine, sample.c.request_id == request_id).order_by(sample.c.id))

    def picture(self, found: Sample) -> bytes:
        """The PNG of one; raises OSError."""
        return files.read_regular(self._content.path("data", sample_path(found.sha256)), PICTURE_LIMIT_BYTES)

    def note(
        self,
        words: Sequence[tuple[str, Mapping[str, str | None]]],
        note: Callable[[Connection], None] = lambda _: None,
    ) -> None:
        """Write down what somebody said of pictures, by their sha256, on each sample of them; raises StoreError.

        `note` writes down what else is to be, within the transaction.
        """
        with self._database.write() as connection:
            for sha256, said in words:
                connection.execute(update(sample).where(self._mine, sample.c.sha256 == sha256).values(said))
            note(connection)

    def remove(self, number: str) -> None:
        """Remove one, and its file unless another has the same pixels; raises NotFound."""
        with self._database.write() as connection:
            if not self._remove(connection, _named(number)):
                raise _missing(number)
        self._content.tidy()

    def clear(self, until: str | None = None) -> int:
        """Remove all, or those of before a time; how many."""
        with self._database.write() as connection:
            gone = self._remove(connection, sample.c.id.is_not(None) if until is None else sample.c.time < until)
        self._content.tidy()
        return gone

    @property
    def _mine(self) -> ColumnElement[bool]:
        return sample.c.model_id == self._model.id

    def _list(self, query: Any) -> list[Sample]:
        with self._database.read() as connection:
            shown = shown_in(connection, self._model.id)
            return [Sample.of(row).called(shown) for row in connection.execute(query)]

    def _chosen(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those that are no near copy of what is kept, and the random ones."""
        known: list[str] = []
        if any(row["why"] != Why.RANDOM for row in rows):
            others = select(sample.c.likeness).where(self._mine, sample.c.why != Why.RANDOM)
            known = list(connection.execute(others).scalars())
        chosen = []
        for row in rows:
            if row["why"] != Why.RANDOM:
                if is_near(row["likeness"], known):
                    continue
                known.append(row["likeness"])
            chosen.append(row)
        return chosen

    def _thin(self, connection: Connection, why: Why, hour: int, most: int) -> None:
        """Keep the lowest ranks of a reason in an hour."""
        same = self._mine & (sample.c.hour == hour) & (sample.c.why == why)
        by_rank = select(sample.c.id, sample.c.rank).where(same).order_by(sample.c.rank)
        beyond = connection.execute(by_rank).all()[most:]
        self._remove(connection, sample.c.id.in_([row.id for row in beyond]))
        if beyond and why is Why.RANDOM:  # any that is left had to be under it
            lower = update(sample).where(same, sample.c.probability > beyond[0].rank)
            connection.execute(lower.values(probability=beyond[0].rank))

    def _prune(self, connection: Connection, caps: Caps, hour: int) -> None:
        """Remove what is too old, and the oldest of what is too much."""
        self._remove(connection, sample.c.hour < hour - caps.days * HOURS_A_DAY)
        number = size = 0
        newest = select(sample.c.id, sample.c.bytes).where(self._mine).order_by(sample.c.id.desc())
        for row in connection.execute(newest).all():
            number, size = number + 1, size + row.bytes
            if number > caps.samples or size > caps.bytes:
                self._remove(connection, sample.c.id <= row.id)
                return

    def _remove(self, connection: Connection, which: ColumnElement[bool]) -> int:
        gone = connection.execute(select(sample.c.sha256).where(self._mine, which)).scalars().all()
        connection.execute(delete(sample).where(self._mine, which))
        self._content.release(connection, "data", map(sample_path, set(gone)))
        return len(gone)


def _named(number: str) -> ColumnElement[bool]:
    return sample.c.id == (int(number) if is_number(number) else -1)


def _missing(number: str) -> NotFound:
    return NotFound(f"there is no sample {number[:40]!r}; see GET /samples")
