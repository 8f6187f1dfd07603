"""One model's whole memory, wired: dataset, versions, jobs and workers over one database and two folders of files."""

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from server.store import living, missing
from server.store.alarms import Alarms
from server.store.browse import Browser
from server.store.canaries import Canaries
from server.store.catalogue import Catalogue
from server.store.changes import Changes
from server.store.classes import Classes
from server.store.content import Content
from server.store.database import Database, Name
from server.store.dataset import Dataset
from server.store.days import Days
from server.store.engine import url_of
from server.store.idempotency import Idempotency
from server.store.jobs import Jobs
from server.store.legacy.takeover import Takeover
from server.store.lineage import Lineage
from server.store.losses import Losses
from server.store.pointer import Baseline, Pointer
from server.store.policies import Policies
from server.store.revisions import Revisions
from server.store.samples import Samples
from server.store.turn import Turn, running
from server.store.versions import Versions
from server.store.workers import Workers


@dataclass(frozen=True)
class Memory:
    """What server, trainer and export know of one model; nothing is read before it is asked for."""

    database: Database
    content: Content
    dataset: Dataset
    revisions: Revisions
    classes: Classes
    browser: Browser
    lineage: Lineage
    samples: Samples
    days: Days
    drift: Alarms
    pointer: Pointer
    versions: Versions
    canaries: Canaries
    jobs: Jobs
    workers: Workers
    idempotency: Idempotency
    policies: Policies
    catalogue: Catalogue
    name: Name

    def changes(self) -> Changes:
        """An observer of what others write."""
        return Changes(self.database)

    def losses(self, executor: Executor) -> Losses:
        """A look for lost content, now and then, in a thread of that executor."""
        return Losses(self.database, self.content, self.name, executor)

    def running(self) -> Turn | None:
        """The job that a trainer has taken up, whatever its model."""
        return running(self.database)

    def close(self) -> None:
        self.database.close()


def open_memory(
    artifacts: Path,
    data: Path,
    name: str,
    baseline: Path,
    database: str = "",
    images_limit: int = 2**53,
    bytes_limit: int = 2**53,
    living_name: str | None = None,
    begins: bool = True,
    held_out_limit: int = 0,
) -> Memory:
    """The memory in the given folders and database (a URL; by default a file in `artifacts`), for the model `name`.

    `living_name` is the process that its files are written for, by default this one. Not `begins`: the model was made
    by others. Raises ValueError for a database that is none; one that can't be opened now is tried again at each use.
    """
    # A folder that is given may be a link; nothing below it is followed (files.py).
    artifacts, data, baseline = artifacts.resolve(), data.resolve(), baseline.resolve()
    model = Name(name, begins)
    may_begin = partial(missing.refuse, artifacts, data)
    opened = Database(url_of(database, artifacts), model, Takeover(artifacts, data, name), may_begin)
    content = Content(opened, data, artifacts, living_name or living.own())
    shipped = Baseline(baseline, name)
    jobs = Jobs(opened, content, model)
    pointer = Pointer(opened, model, shipped)
    versions = Versions(opened, content, model, shipped, pointer)
    policies = Policies(opened, model, jobs)
    return Memory(
        database=opened,
        content=content,
        dataset=Dataset(opened, content, model, images_limit, bytes_limit, held_out_limit),
        revisions=Revisions(opened, model),
        classes=Classes(opened, model),
        browser=Browser(opened, model),
        lineage=Lineage(opened, model),
        samples=Samples(opened, content, model),
        days=Days(opened, model),
        drift=Alarms(opened, model, pointer),
        pointer=pointer,
        versions=versions,
        canaries=Canaries(opened, model, pointer, versions, policies.watch_seconds_in),
        jobs=jobs,
        workers=Workers(opened, model),
        idempotency=Idempotency(opened, model),
        policies=policies,
        catalogue=Catalogue(opened, content, name, shipped),
        name=model,
    )
