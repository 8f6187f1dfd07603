"""Which worker serves which version, so that a promotion can wait until all of them do."""

from typing import Any

from sqlalchemy import Row, delete, select, update

from server.store import living
from server.store.database import Database, Name
from server.store.decisions import now
from server.store.errors import NotFound
from server.store.tables import insert_row, move, worker


class Workers:
    """The workers of one model; every process sees them all."""

    def __init__(self, database: Database, model: Name) -> None:
        self._database = database
        self._model = model
        self._heartbeats = living.Heartbeats()

    def join(self, version: str | None) -> int:
        """Add this process, after taking out those that are gone, and what it was before; the number of its row."""
        gone, name = self._look()[1], living.own()
        row = {"model_id": self._model.id, "living": name, "started_at": now(), "version": _number(version)}
        with self._database.write() as connection:
            before = (worker.c.living == name) & (worker.c.model_id == self._model.id)
            connection.execute(delete(worker).where(worker.c.id.in_(gone) | before))
            return insert_row(connection, worker, row)

    def may_take_over(self, number: int, version: str) -> bool:
        """Note that a worker is about to serve a version, if the pointer is there; False if it is not.

        In one transaction: whoever moves the pointer after it sees the note, and whoever moved it before is seen.
        Raises NotFound if the worker's row was taken out, and it has to join again.
        """
        newest = select(move.c.to_version).where(move.c.model_id == self._model.id).order_by(move.c.id.desc()).limit(1)
        with self._database.write() as connection:
            current = connection.execute(newest).scalar()
            if int(version) != (current or 0):
                return False
            done = connection.execute(update(worker).where(worker.c.id == number).values(taking_over=int(version)))
            if not done.rowcount:
                raise NotFound("the worker's row is gone")
            return True

    def serves(self, number: int, version: str | None) -> bool:
        """Beat once, and say what a worker serves; False if its row was taken out, and it has to join again."""
        now_so = {"version": _number(version), "taking_over": None, "heartbeat": worker.c.heartbeat + 1}
        with self._database.write(durable=False) as connection:
            return bool(connection.execute(update(worker).where(worker.c.id == number).values(now_so)).rowcount)

    def leave(self, number: int) -> None:
        with self._database.write(cleans=True) as connection:
            connection.execute(delete(worker).where(worker.c.id == number))

    def all_serve(self, version: str) -> bool:
        """Whether every living worker serves a version, and none is about to serve another."""
        return all(row.version == int(version) and row.taking_over is None for row in self._look()[0])

    def _look(self) -> tuple[list[Row[Any]], list[int]]:
        """The rows of the living workers, and the numbers of those that are gone."""
        with self._database.read() as connection:
            rows = connection.execute(select(worker).where(worker.c.model_id == self._model.id)).all()
        alive: list[Row[Any]] = []
        gone: list[int] = []
        for row in rows:
            if self._heartbeats.is_gone(row.id, row.living, row.heartbeat):
                gone.append(row.id)
            else:
                alive.append(row)
        return alive, gone


def _number(version: str | None) -> int | None:
    return None if version is None else int(version)
