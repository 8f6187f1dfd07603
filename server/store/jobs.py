"""Training jobs as files: the server writes requests, a runner (trainer/job.py) takes them up and writes what happens.

    <artifacts>/jobs/<job>/request.json   (server) options, time, by
                           cancel         (server) its presence is the request
                           events.jsonl   (runner) stage, epoch, loss …
                           trainer.log    (runner) what the trainer printed, capped
                           result.json    last, atomic, written once
    <artifacts>/jobs/lock                 held by the runner of the job whose id it holds

The state of a job is derived from these files and the lock, so that any worker, or a server started again in the middle
of a training, gives the same answer.
"""

import contextlib
import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from server.store import files
from server.store.artifacts import ArtifactStore
from server.store.errors import Conflict, NotFound, UnusableOption
from server.store.files import Json

FINAL_STATES = ("published", "refused", "failed", "cancelled")


@dataclass(frozen=True)
class Option:
    """What a retrain may be told over the API."""

    kind: type
    least: float
    most: float
    help: str


# The trainer's flags of the same names; whatever is not given is the trainer's own default.
OPTIONS = {
    "epochs": Option(int, 1, 1000, "passes over the training images"),
    "batch_size": Option(int, 8, 4096, "images a step"),
    "learning_rate": Option(float, 1e-6, 1.0, "peak learning rate"),
    "uploads_share": Option(float, 0.0, 0.9, "of an epoch: uploads make up at most this"),
    "seed": Option(int, 0, 2**31 - 1, "seed of everything random"),
    "from_scratch": Option(bool, 0, 1, "start from random weights instead of the current version's"),
    "force": Option(bool, 0, 1, "train even if there is nothing new to learn from"),
}


@dataclass(frozen=True)
class Job:
    """A job as far as it has come."""

    job: str
    state: str  # queued, a stage of the runner's, or one of FINAL_STATES
    created_at: str
    by: str
    options: dict[str, Json]
    progress: dict[str, Json]  # the newest event
    result: dict[str, Json] | None

    @property
    def is_open(self) -> bool:
        return self.state not in FINAL_STATES


class Jobs:
    """The jobs of one artifacts folder."""

    def __init__(self, artifacts: Path, store: ArtifactStore, start_seconds: float | None) -> None:
        """`start_seconds`: a job that no runner took up by then has failed; None where one may come at any time."""
        self.folder = artifacts / "jobs"
        self._store = store
        self._start_seconds = start_seconds
        self._first_seen: dict[str, float] = {}  # monotonic seconds, so that no clock that jumps fails a job

    def create(self, options: dict[str, Json], by: str, policy: dict[str, Json]) -> Job:
        """Admit a job; raises Conflict if one is open.

        `policy` is what its starter holds the trainer to: the gate's limits and how much is kept, {} for the defaults.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with files.locked(self.folder / "admission.lock"):
            for job in self.all():
                if job.is_open:
                    raise Conflict(
                        f"job {job.job} is {job.state}; wait for it, or cancel it: DELETE /retrain/jobs/{job.job}"
                    )
            number = str(max((int(name) for name in self._numbers()), default=0) + 1)
            request = {
                "options": options,
                "policy": policy,
                "by": by,
                "created_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            }
            temp = self.folder / f"{files.TEMP_PREFIX}{number}-{os.getpid()}-{time.monotonic_ns()}"
            temp.mkdir()
            files.write_atomically(temp / "request.json", json.dumps(request).encode())
            temp.rename(self.folder / number)
            files.sync_folder(self.folder)
        return self.get(number)

    def get(self, job: str) -> Job:
        """Raises NotFound."""
        if not job.isdecimal() or not job.isascii():
            raise NotFound(f"there is no job {job[:40]!r}")
        folder = self.folder / job
        try:
            request = files.read_json(folder / "request.json")
        except (OSError, ValueError):
            raise NotFound(f"there is no job {job}") from None
        events = files.read_json_lines(folder / "events.jsonl")
        result = self._result(job) or self._concluded(job, events)
        options = request.get("options")
        return Job(
            job=job,
            state=str(result["state"]) if result else str(events[-1]["stage"]) if events else "queued",
            created_at=str(request.get("created_at")),
            by=str(request.get("by")),
            options=options if isinstance(options, dict) else {},
            progress=events[-1] if events else {},
            result=result,
        )

    def all(self) -> list[Job]:
        """Every job, newest first."""
        found = []
        for number in reversed(self._numbers()):
            with contextlib.suppress(NotFound):  # pruned since the folder was listed
                found.append(self.get(number))
        return found

    def cancel(self, job: str) -> Job:
        """Ask for the end of an open job; raises NotFound, or Conflict if it is over."""
        found = self.get(job)
        if not found.is_open:
            raise Conflict(f"job {job} is over already: {found.state}")
        files.write_once(self.folder / job / "cancel", b"")
        return self.get(job)

    def fail(self, job: str, reason: str) -> None:
        """Conclude a job that could not be started."""
        files.write_once(self.folder / job / "result.json", json.dumps(outcome("failed", reason=reason)).encode())

    def log(self, job: str) -> Path:
        self.get(job)
        return self.folder / job / "trainer.log"

    def _result(self, job: str) -> dict[str, Json] | None:
        try:
            return files.read_json(self.folder / job / "result.json")
        except (OSError, ValueError):
            return None

    def _concluded(self, job: str, events: list[dict[str, Json]]) -> dict[str, Json] | None:
        """The result of a job without one whose runner is dead or never came; None while it may still go on.

        Judged while holding the runners' lock, so that no runner takes the job up at the same moment.
        """
        waited = time.monotonic() - self._first_seen.setdefault(job, time.monotonic())
        cancelled = (self.folder / job / "cancel").exists()
        late = self._start_seconds is not None and waited > self._start_seconds
        if not (events or cancelled or late):
            return None
        with contextlib.suppress(files.LockTimeout), files.locked(self.folder / "lock", 0, shared=True):
            earlier = self._result(job)  # the runner may have written it and let go since we looked
            if earlier is not None:
                return earlier
            newest = files.read_json_lines(self.folder / job / "events.jsonl")
            files.write_once(self.folder / job / "result.json", json.dumps(self._verdict(newest, cancelled)).encode())
            return self._result(job)
        return None

    def _verdict(self, events: list[dict[str, Json]], cancelled: bool) -> dict[str, Json]:
        if not events:
            if cancelled:
                return outcome("cancelled", reason="cancelled before a trainer took it up")
            return outcome("failed", reason=f"no trainer started within {self._start_seconds:g} seconds; see the log")
        last = events[-1]
        version = str(last.get("version"))
        if last["stage"] == "publishing" and self._store.was_current(version):
            return outcome("published", version, self._store.report(version))
        return outcome("failed", reason=f"the trainer was stopped from outside while {last['stage']}")

    def _numbers(self) -> list[str]:
        if not self.folder.is_dir():
            return []
        names = [path.name for path in self.folder.iterdir() if path.name.isdecimal() and path.name.isascii()]
        return sorted(names, key=int)


def outcome(
    state: str, version: str | None = None, report: dict[str, Json] | None = None, reason: str | None = None
) -> dict[str, Json]:
    """A result.json: how a job ended, and the figures of what it trained, as far as it came."""
    report = report or {}
    metrics, training = report.get("metrics"), report.get("training")
    test = metrics.get("test") if isinstance(metrics, dict) else None
    return {
        "state": state,
        "version": version,
        "reason": reason,
        "accuracy": test.get("accuracy") if isinstance(test, dict) else None,
        "epochs": training.get("epochs") if isinstance(training, dict) else None,
        "gate": report.get("gate"),
    }


def check_options(options: dict[str, Json]) -> None:
    """Raise UnusableOption for an unknown option or a value out of range."""
    for name, value in options.items():
        if name not in OPTIONS:
            raise UnusableOption(f"{name[:40]!r} is no option of a retrain; the options are {', '.join(OPTIONS)}")
        option = OPTIONS[name]
        right = isinstance(value, bool) if option.kind is bool else type(value) in (int, option.kind)
        if not right or not isinstance(value, int | float) or not option.least <= value <= option.most:
            wanted = f"{_KINDS[option.kind]} from {option.least:g} to {option.most:g}"
            raise UnusableOption(f"{name} is {str(value)[:40]!r}; it must be {wanted}")


_KINDS = {int: "a whole number", float: "a number", bool: "true or false,"}
