"""Jobs and their events. What state a job was in stood nowhere: it followed from its files, and from who was alive.

    <artifacts>/jobs/<job>/request.json   options, policy, by, time
                           cancel         its presence was the request
                           events.jsonl   one a line
                           result.json    how it ended
                           *.log          stay where they are

Nobody is alive while they are taken over. So a job that was begun and has no result has ended, and one that nobody
began still waits for somebody.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from server.store.files import Json
from server.store.jobs import FINAL_STATES
from server.store.legacy.candidates import OldCandidate
from server.store.legacy.models import OldModel
from server.store.legacy.reading import UNKNOWN, number_of, numbers, read_lines, read_object, time_of
from server.store.outcome import outcome
from server.store.rows import insert_all, number_after
from server.store.tables import event, job

FORGOTTEN = "refused by the gate; what else was known of the job is gone"

logger = logging.getLogger("relearn")


@dataclass
class TakenJobs:
    """How many jobs were taken over, and which of them published what."""

    count: int = 0
    published: dict[str, dict[int, int]] = field(default_factory=dict)  # model -> version -> job


def take_jobs(
    connection: Connection,
    artifacts: Path,
    models: Mapping[str, OldModel],
    candidates: Mapping[int, OldCandidate],
    own_name: str,
) -> TakenJobs:
    """Take over every job, for the model that it published or was refused; for `own_name` where neither is known."""
    owners = {number: each.name for each in models.values() for number in each.publishers.values()}
    owners |= dict.fromkeys(models[own_name].publishers.values(), own_name)
    owners |= {number: each.name for number, each in candidates.items()}
    taken = TakenJobs()
    waiting: set[str] = set()
    folders = numbers(artifacts / "jobs")
    for number in sorted({*folders, *candidates}):
        owner = models[owners.get(number, own_name)]
        folder, candidate = artifacts / "jobs" / str(number), candidates.get(number)
        events = read_lines(folder / "events.jsonl")
        row = _row(folder, events, owner) or _forgotten(candidate)
        if row is None:
            logger.warning("job %d is left out, for its request can't be read", number)
            continue
        if row["open"]:
            _close_if_another_waits(row, owner.name in waiting)
            waiting.add(owner.name)
        figures = candidate.figures if candidate is not None else None
        row |= {"id": number, "model_id": owner.id, "events": len(events), "candidate": figures}
        insert_all(connection, job, [row])
        content = ({"job_id": number, "number": place, "content": each} for place, each in enumerate(events, 1))
        insert_all(connection, event, content)
        taken.count += 1
        version = number_of(row["result"].get("version")) if row["state"] == "published" else None
        if version:
            taken.published.setdefault(owner.name, {})[version] = number
    number_after(connection, job, max([*folders, *candidates, *owners], default=0))
    return taken


def _row(folder: Path, events: list[dict[str, Json]], owner: OldModel) -> dict[str, Any] | None:
    """What a job's row holds of its files; None without a request."""
    request = read_object(folder / "request.json")
    if request is None:
        return None
    cancelled = (folder / "cancel").exists()
    result = _result(folder, events, cancelled, owner)
    options, policy = request.get("options"), request.get("policy")
    return {
        "state": result["state"] if result is not None else "queued",
        "created_at": time_of(request.get("created_at")),
        "by": str(request.get("by")),
        "options": options if isinstance(options, dict) else {},
        "policy": policy if isinstance(policy, dict) else {},
        "cancelled": int(cancelled),
        "result": result,
        "open": 1 if result is None else None,
    }


def _result(folder: Path, events: list[dict[str, Json]], cancelled: bool, owner: OldModel) -> dict[str, Any] | None:
    """How a job ended; None for one that waits."""
    written = read_object(folder / "result.json")
    if written is not None and written.get("state") in FINAL_STATES:
        return written
    if not events:
        return outcome("cancelled", reason="cancelled before a trainer took it up") if cancelled else None
    stage, version = events[-1].get("stage"), number_of(events[-1].get("version"))
    if stage == "publishing" and version is not None and owner.was_current(version):
        report = read_object(owner.folder / str(version) / "report" / "report.json")
        return outcome("published", str(version), report)
    return outcome("failed", reason=f"the trainer was stopped from outside while {stage}")


def _close_if_another_waits(row: dict[str, Any], another: bool) -> None:
    """One job a model may be open."""
    if another:
        result = outcome("failed", reason="another job was waiting already")
        row |= {"state": result["state"], "result": result, "open": None}


def _forgotten(candidate: OldCandidate | None) -> dict[str, Any] | None:
    """The row of a job of which only its refused candidate was kept, so that it can still be seen and published."""
    if candidate is None:
        return None
    result = outcome("refused", report=candidate.report, reason=FORGOTTEN)
    return {
        "state": result["state"],
        "created_at": candidate.created_at,
        "by": UNKNOWN,
        "options": {},
        "policy": {},
        "cancelled": 0,
        "result": result,
        "open": None,
    }
