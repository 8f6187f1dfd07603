"""Which worker serves which version, so that a promotion can wait until all of them do."""

from sqlalchemy import delete, select, update

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
        """Add this process, after taking out those that are gone and an older row of its own; the number of its row."""
        gone = self._look()[1]
        row = {"model_id": self._model.id, "living": living.own(), "started_at": now(), "version": _number(version)}
        mine = (worker.c.model_id == self._model.id) & (worker.c.living == row["living"])
        with self._database.write() as connection:
            connection.execute(delete(worker).where(worker.c.id.in_(gone) | mine))
            return insert_row(connection, worker, row)

    def may_serve(self, number: int, version: str) -> bool:
        """Note that a worker takes over a version, if the pointer is there; False, and nothing noted, if it is not.

        In one transaction: whoever moves the pointer after it sees the note, and whoever moved it before is seen.
        Raises NotFound if the worker's row was taken out, and it has to join again.
        """
        newest = select(move.c.to_version).where(move.c.model_id == self._model.id).order_by(move.c.id.desc()).limit(1)
        with self._database.write() as connection:
            current = connection.execute(newest).scalar()
            if int(version) != (current or 0):
                return False
            done = connection.execute(update(worker).where(worker.c.id == number).values(version=int(version)))
            if not done.rowcount:
                raise NotFound("the worker's row is gone")
            return True

    def beat(self, number: int) -> bool:
        """Say that a worker lives; False if its row was taken out, and it has to join again."""
        with self._database.write(durable=False) as connection:
            at = worker.c.id == number
            return bool(connection.execute(update(worker).where(at).values(heartbeat=worker.c.heartbeat + 1)).rowcount)

    def leave(self, number: int) -> None:
        with self._database.write() as connection:
            connection.execute(delete(worker).where(worker.c.id == number))

    def versions(self) -> list[str | None]:
        """The version that each living worker serves."""
        return [version for _, version in self._look()[0]]

    def _look(self) -> tuple[list[tuple[int, str | None]], list[int]]:
        """The living workers with what they serve, and those that are gone."""
        with self._database.read() as connection:
            rows = connection.execute(select(worker).where(worker.c.model_id == self._model.id)).all()
        alive, gone = [], []
        for row in rows:
            if self._heartbeats.is_gone(row.id, row.living, row.heartbeat):
                gone.append(row.id)
            else:
                alive.append((row.id, None if row.version is None else str(row.version)))
        return alive, gone


def _number(version: str | None) -> int | None:
    return None if version is None else int(version)
