"""Content that a fact names and that is not there: looked for now and then, slowly, and told in /health.

A look asks only whether files are there and, for a model, how long they are; `python -m server check` reads them.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any

from sqlalchemy import Row, Table, select

from server.machine.background import Background
from server.store import files
from server.store.content import Content, candidate_path, picture_path, sample_path, version_path
from server.store.database import Database, Name
from server.store.errors import StoreError
from server.store.tables import image, job, sample, version

LOOK_SECONDS = 600.0  # between looks that found nothing
LOST_SECONDS = 10.0  # between looks while something is lost, and may come back
PAGE = 100  # images that are looked for at once: some milliseconds of a processor
PAUSE_SECONDS = 0.02  # between pages, so that no prediction meets two
HINT = "`python -m server check` names all that is wrong"

logger = logging.getLogger("relearn")


class Losses:
    """What one model has lost, as far as the last look found."""

    def __init__(self, database: Database, content: Content, model: Name, executor: Executor) -> None:
        self.problems: list[str] = []  # a sentence each
        self._database = database
        self._content = content
        self._model = model
        self._executor = executor
        self._looking = Background(self._run)
        self._stopping = False  # a look at many images ends early

    def start(self) -> None:
        self._looking.start()

    async def stop(self) -> None:
        self._stopping = True
        await self._looking.stop()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def look(self) -> list[str]:
        """What is lost now; raises StoreError."""
        return [*self._versions(), *self._candidates(), *self._pictures(), *self._samples()]

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before, seen = self.problems, False
            with suppress(StoreError):  # whoever looks at the pointer tells of a database that can't be read
                self.problems = await loop.run_in_executor(self._executor, self.look)
                seen = True
            for problem in self.problems:
                if problem not in before:
                    logger.error("%s", problem)
            await asyncio.sleep(LOOK_SECONDS if seen and not self.problems else LOST_SECONDS)

    def _versions(self) -> list[str]:
        query = select(version.c.number, version.c.bytes)
        with self._database.read() as connection:
            rows = connection.execute(query.where(version.c.model_id == self._model.id, version.c.pruned == 0)).all()
        lost = []
        for row in rows:
            folder = self._content.path("artifacts", version_path(self._model.name, row.number))
            if not (folder / "manifest.json").is_file() or files.size_of(folder / "model.onnx") != row.bytes:
                lost.append(row.number)
        return [f"files of version {number} are lost or cut; {HINT}" for number in lost if self._is_kept(number)]

    def _is_kept(self, number: int) -> bool:
        """Whether a version was not pruned while its files were looked for."""
        mine = (version.c.model_id == self._model.id) & (version.c.number == number) & (version.c.pruned == 0)
        with self._database.read() as connection:
            return connection.execute(select(version.c.number).where(mine)).first() is not None

    def _candidates(self) -> list[str]:
        query = select(job.c.id).where(job.c.model_id == self._model.id, job.c.candidate.is_not(None))
        with self._database.read() as connection:
            numbers = connection.execute(query).scalars().all()
        paths = {number: self._content.path("artifacts", candidate_path(number)) for number in numbers}
        lost = [number for number, folder in paths.items() if not (folder / "manifest.json").is_file()]
        with self._database.read() as connection:
            still = connection.execute(query.where(job.c.id.in_(lost))).scalars().all()
        return [f"the candidate of job {number} is lost; {HINT}" for number in still]

    def _pictures(self) -> list[str]:
        number, one = self._lost_of(image, lambda row: picture_path(row.sha256))
        if not number:
            return []
        what = "the file of 1 image is lost" if number == 1 else f"the files of {number:,} images are lost"
        return [f"{what}, such as {one}: upload it again, or remove it; {HINT}"]

    def _samples(self) -> list[str]:
        number, one = self._lost_of(sample, lambda row: sample_path(row.sha256))
        if not number:
            return []
        what = "the file of 1 sample is lost" if number == 1 else f"the files of {number:,} samples are lost"
        return [f"{what}, such as {one}: remove it; {HINT}"]

    def _lost_of(self, table: Table, path_of: Callable[[Row[Any]], str]) -> tuple[int, str]:
        """How many rows of a table have lost their file, and the sha256 of one."""
        number, one, after = 0, "", 0
        query = select(table).order_by(table.c.id).limit(PAGE)
        data = str(self._content.path("data", ""))
        while not self._stopping:
            mine = (table.c.model_id == self._model.id) & (table.c.id > after)
            with self._database.read() as connection:
                rows = connection.execute(query.where(mine)).all()
            if not rows:
                break
            after = rows[-1].id
            gone = [row.id for row in rows if _is_lost(f"{data}/{path_of(row)}")]
            if gone:
                with self._database.read() as connection:  # unless it was removed meanwhile
                    found = connection.execute(select(table.c.sha256).where(table.c.id.in_(gone))).scalars().all()
                number, one = number + len(found), one or next(iter(found), "")
            time.sleep(PAUSE_SECONDS)
        return number, one


def _is_lost(path: str) -> bool:
    return not os.path.isfile(path)  # noqa: PTH113 - Path's takes thrice the time, and there are many
