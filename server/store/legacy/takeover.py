"""Taking over what an earlier release left in the folders: uploads, versions, moves and jobs, with all their numbers.

Called inside the transaction that creates the database, so that there is either none or one with everything in it; and
whoever is stopped in between starts again. What was written down there stays as it is: versions, candidates and logs
lie where they always lay, and pictures get a second name at their new place.
"""

from pathlib import Path

from sqlalchemy import Connection

from server.store.database import Name
from server.store.errors import Unavailable
from server.store.legacy.candidates import OldCandidate, read_candidates
from server.store.legacy.jobs import take_jobs
from server.store.legacy.locks import alone
from server.store.legacy.models import OldModel, model_names
from server.store.legacy.moves import read_moves, take_moves
from server.store.legacy.reading import numbers
from server.store.legacy.uploads import take_uploads
from server.store.legacy.versions import take_versions


class Takeover:
    """What is there in the form before, to become rows."""

    def __init__(self, artifacts: Path, data: Path, name: str) -> None:
        """`name` is the model that the uploads are of, and the jobs that say nothing else: they had no names."""
        self._artifacts = artifacts
        self._data = data
        self._name = name

    def __call__(self, connection: Connection) -> str:
        """Fill the tables, which are empty; a sentence that says with what, or "" where there was nothing.

        Raises Unavailable, and then nothing was taken over: a process of that release still runs, a record can't be
        read, or the disk failed.
        """
        try:
            if not self._is_there():
                return ""
            with alone(self._artifacts, self._data):
                return self._take_over(connection)
        except OSError as error:
            raise Unavailable(f"what an earlier release left can't be taken over: {error}") from error

    def _is_there(self) -> bool:
        folders = (self._artifacts / "jobs", self._artifacts / "candidates")
        batches = numbers(self._data / "batches", ".json")
        return bool(batches or model_names(self._artifacts, self._name) or any(numbers(each) for each in folders))

    def _take_over(self, connection: Connection) -> str:
        candidates = read_candidates(self._artifacts / "candidates")
        models = self._models(connection, candidates)
        images, uploads = take_uploads(connection, self._data, models[self._name].id)
        jobs = take_jobs(connection, self._artifacts, models, candidates, self._name)
        versions = 0
        for each in models.values():
            published = each.publishers | jobs.published.get(each.name, {})
            take_moves(connection, each.id, each.moves, published)
            versions += take_versions(connection, each, published)
        counts = (
            _counted(images, "image"), _counted(uploads, "upload"), _counted(versions, "version"),
            _counted(jobs.count, "job"),
        )  # fmt: skip
        return (
            f"took over {', '.join(counts)} of the form before; its files are left as they are, and these are not used "
            f"any more: batches and suspect in {self._data}, current.json and promotions.jsonl of each model and "
            f"request.json, events.jsonl and result.json of each job in {self._artifacts}"
        )

    def _models(self, connection: Connection, candidates: dict[int, OldCandidate]) -> dict[str, OldModel]:
        """A row for every model of which anything is there, and for ours, which is the first."""
        others = [*model_names(self._artifacts, self._name), *(each.name for each in candidates.values())]
        found = {}
        for name in dict.fromkeys([self._name, *others]):
            row = Name(name)
            row.make(connection)
            folder = self._artifacts / "models" / name
            found[name] = OldModel(row.id, name, folder, read_moves(folder))
        return found


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
