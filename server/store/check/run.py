"""The check, from opening the database to the line that sums up."""

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from server.machine.progress import Progress
from server.settings import Settings
from server.store.check import (
    classes,
    days,
    decisions,
    folders,
    jobs,
    labels,
    lessons,
    opening,
    pictures,
    samples,
    versions,
)
from server.store.check.look import Look
from server.store.engine import url_of
from server.store.manifest import Manifest
from server.store.reader import reading_engine
from server.store.tables import decision, image, job, version

CLEAN, FOUND, NOT_LOOKED = 0, 1, 2  # what the command ends with
SUBJECTS = {
    "its pages": opening.findings,
    "the decisions": decisions.findings,
    "the classes": classes.findings,
    "the labels": labels.findings,
    "the lessons": lessons.findings,
    "the versions": versions.findings,
    "the jobs": jobs.findings,
    "the folders": folders.findings,
    "the pictures": pictures.findings,
    "the samples": samples.findings,
    "the days": days.findings,
}


class Check:
    """One look at everything; a finding is a line of `out`."""

    def __init__(self, settings: Settings, serves: Callable[[Path, Manifest], None], out: TextIO) -> None:
        """`serves` raises BrokenArtifact for a version that a server would refuse."""
        self._url = url_of(settings.database, settings.artifacts)
        self._out = out
        self._progress = Progress(sys.stderr)
        self._found = 0
        self._blind = False  # to some of it
        self._look = Look(
            engine=reading_engine(self._url, alone=True),
            roots={"data": settings.data.resolve(), "artifacts": settings.artifacts.resolve()},
            name=settings.name,
            baseline=settings.baseline.resolve(),
            serves=serves,
            progress=self._progress.tell,
        )

    def run(self) -> int:
        try:
            there = self._subjects()
        except opening.Closed as error:
            self._say(str(error))
            self._found += 1
            self._blind = not error.is_found
            there = "the rest was not looked at"
        self._progress.end()
        self._sum_up(there)
        return NOT_LOOKED if self._blind else FOUND if self._found else CLEAN

    def _subjects(self) -> str:
        """Look at all there is; what that was."""
        if not opening.is_there(self._url, self._look):
            self._tell("the baseline", versions.baseline(self._look, None, set()))
            return "nothing is stored yet"
        for name, findings in SUBJECTS.items():
            self._tell(name, findings(self._look))
        return self._counts()

    def _tell(self, subject: str, findings: Iterator[str]) -> None:
        try:
            for finding in findings:
                self._say(finding)
                self._found += 1
        except SQLAlchemyError as error:
            words = str(getattr(error, "orig", None) or error).splitlines()[0]
            self._found += 1
            if opening.is_damage(error):
                self._say(f"the database is damaged, as {subject} show: {words}; {opening.COPY}")
            else:
                self._blind = True
                self._say(f"{subject} can't be looked at to the end: {words}; check again when the database answers")
        except OSError as error:
            self._found += 1
            self._blind = True
            self._say(f"{subject} can't be looked at to the end: {error}; let this user read it")

    def _counts(self) -> str:
        words = []
        with suppress(SQLAlchemyError), self._look.read() as connection:
            for table, noun in ((image, "image"), (version, "version"), (job, "job"), (decision, "decision")):
                number = int(connection.execute(select(func.count()).select_from(table)).scalar() or 0)
                words.append(f"{number:,} {noun}{'' if number == 1 else 's'}")
        return "looked at " + ", ".join(words)

    def _say(self, line: str) -> None:
        self._progress.end()
        print(line, file=self._out, flush=True)

    def _sum_up(self, there: str) -> None:
        found = (
            "nothing is wrong"
            if not self._found
            else f"{self._found:,} thing{'' if self._found == 1 else 's'} to see to"
        )
        self._say(f"{found}; {there}")
