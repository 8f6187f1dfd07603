"""Is at most one job of a model open, does its trainer live, and are the refused candidates there?"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, select

from server.store import living
from server.store.check.look import Look, read_manifest_file, wrong_files
from server.store.content import candidate_path
from server.store.errors import BrokenArtifact
from server.store.jobs import FINAL_STATES
from server.store.tables import job, model


def findings(look: Look) -> Iterator[str]:
    """Jobs that are open and can't end by themselves, and candidates that are lost."""
    columns = (job.c.id, job.c.state, job.c.open, job.c.lease, job.c.holder, job.c.candidate.is_not(None).label("kept"))
    query = select(*columns, job.c.result.is_not(None).label("ended"), model.c.name)
    with look.read() as connection:
        rows = connection.execute(query.join(model, model.c.id == job.c.model_id).order_by(job.c.id)).all()
    opened = Counter(row.name for row in rows if row.open)
    for name, number in opened.items():
        if number > 1:
            yield f"{number} jobs of {name!r} are open, and one may be; cancel the others: DELETE /retrain/jobs/{{job}}"
    for row in rows:
        yield from _state(row)
        if row.kept:
            yield from _candidate(look, row)


def _state(row: Row[Any]) -> Iterator[str]:
    is_final = row.state in FINAL_STATES
    if bool(row.open) == is_final or bool(row.open) == bool(row.ended):
        is_open = "open" if row.open else "over"
        yield f"job {row.id} is {is_open}, and its state is {row.state!r}; compare with a copy of the database"
    if row.open and row.lease and living.is_alive(row.holder or "") is False:
        yield (
            f"job {row.id} is {row.state}, and its trainer is gone (process {living.pid_of(row.holder)}); a server "
            f"that runs ends it within seconds, or: DELETE /retrain/jobs/{row.id}"
        )


def _candidate(look: Look, row: Row[Any]) -> list[str]:
    """What is wrong with a kept candidate; nothing if it was pruned meanwhile."""
    path = candidate_path(row.id)
    folder = look.path("artifacts", path)
    try:
        wrong = wrong_files(folder, read_manifest_file(folder)[1])
    except BrokenArtifact as error:
        wrong = [str(error)]
    if wrong and not look.is_named("artifacts", path):
        return []
    where = f"the candidate of job {row.id}"
    return [f"{where}: {each}; put a copy of {path} back, or do without it" for each in wrong]
