"""The state of a job is what its files and the lock say, whoever looks, and whenever."""

import json
import threading
from pathlib import Path

import pytest

from server.store import files
from server.store.errors import Conflict, NotFound, UnusableOption
from server.store.jobs import Job, Jobs, check_options
from tests.tiny import publish_tiny, store_in


def jobs_in(folder: Path, start_seconds: float | None = 60.0) -> Jobs:
    return Jobs(folder / "artifacts", store_in(folder), start_seconds)


def say(jobs: Jobs, job: Job, **event: object) -> None:
    files.append_line(jobs.folder / job.job / "events.jsonl", json.dumps(event))


def test_a_new_job_is_queued_for_everybody(tmp_path: Path) -> None:
    job = jobs_in(tmp_path).create({"epochs": 2}, "api", {})
    seen = jobs_in(tmp_path).get(job.job)
    assert (seen.job, seen.state, seen.options, seen.by, seen.is_open) == ("1", "queued", {"epochs": 2}, "api", True)


def test_one_of_many_triggers_is_admitted(tmp_path: Path) -> None:
    admitted: list[str] = []
    refused: list[str] = []

    def trigger() -> None:
        try:
            admitted.append(jobs_in(tmp_path).create({}, "api", {}).job)
        except Conflict as error:
            refused.append(str(error))

    threads = [threading.Thread(target=trigger) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert admitted == ["1"]
    assert len(refused) == 19
    assert "job 1 is queued" in refused[0]


def test_a_running_job_is_at_the_stage_it_told_last(tmp_path: Path) -> None:
    jobs = jobs_in(tmp_path)
    job = jobs.create({}, "api", {})
    with files.locked(jobs.folder / "lock"):
        say(jobs, job, stage="training", epoch=1)
        say(jobs, job, stage="training", epoch=2)
        found = jobs_in(tmp_path).get(job.job)
        assert (found.state, found.progress["epoch"], found.is_open) == ("training", 2, True)


def test_a_job_whose_runner_is_gone_has_failed_for_good(tmp_path: Path) -> None:
    jobs = jobs_in(tmp_path)
    job = jobs.create({}, "api", {})
    say(jobs, job, stage="training")
    found = jobs.get(job.job)
    assert found.state == "failed"
    assert found.result is not None
    assert "stopped from outside while training" in str(found.result["reason"])
    assert jobs_in(tmp_path).get(job.job) == found
    assert jobs.create({}, "api", {}).job == "2"


def test_a_job_that_nobody_took_up_fails_after_its_deadline(tmp_path: Path) -> None:
    job = jobs_in(tmp_path, None).create({}, "api", {})
    assert jobs_in(tmp_path, None).get(job.job).state == "queued"
    patient, late = jobs_in(tmp_path, 60), jobs_in(tmp_path, 0)
    assert patient.get(job.job).state == "queued"
    late.get(job.job)
    assert late.get(job.job).state == "failed"


def test_a_job_is_not_judged_while_a_runner_holds_the_lock(tmp_path: Path) -> None:
    jobs = jobs_in(tmp_path, 0)
    jobs.folder.mkdir(parents=True)
    with files.locked(jobs.folder / "lock"):
        job = jobs.create({}, "api", {})
        jobs.get(job.job)
        assert jobs.get(job.job).state == "queued"
    assert jobs.get(job.job).state == "failed"


def test_a_queued_job_is_cancelled_at_once(tmp_path: Path) -> None:
    jobs = jobs_in(tmp_path)
    job = jobs.create({}, "api", {})
    assert jobs.cancel(job.job).state == "cancelled"
    with pytest.raises(Conflict, match="over already"):
        jobs.cancel(job.job)


def test_a_job_killed_right_after_the_pointer_moved_has_published(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    jobs = Jobs(tmp_path / "artifacts", store, 60)
    job = jobs.create({}, "api", {})
    say(jobs, job, stage="publishing", version="1")
    publish_tiny(store)
    found = jobs.get(job.job)
    assert found.state == "published"
    assert found.result is not None
    assert (found.result["version"], found.result["accuracy"], found.result["epochs"]) == ("1", 0.9, 1)


def test_a_job_killed_before_the_pointer_moved_has_failed(tmp_path: Path) -> None:
    jobs = jobs_in(tmp_path)
    job = jobs.create({}, "api", {})
    say(jobs, job, stage="publishing", version="1")
    assert jobs.get(job.job).state == "failed"


@pytest.mark.parametrize("name", ["2", "0", "-1", "x", "../1", "\uff11", "1/../1", ""])
def test_an_unknown_job_is_not_found(tmp_path: Path, name: str) -> None:
    jobs = jobs_in(tmp_path)
    jobs.create({}, "api", {})
    with pytest.raises(NotFound):
        jobs.get(name)


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": 0},
        {"epochs": 1.5},
        {"epochs": "3"},
        {"epochs": True},
        {"epochs": None},
        {"seed": -1},
        {"learning_rate": 2},
        {"from_scratch": 1},
        {"dataset": "/etc"},
    ],
)
def test_an_option_that_cannot_be_taken_is_named(options: dict[str, files.Json]) -> None:
    with pytest.raises(UnusableOption, match=next(iter(options))):
        check_options(options)


def test_good_options_pass() -> None:
    check_options({"epochs": 3, "learning_rate": 1e-3, "seed": 0, "from_scratch": True, "batch_size": 64})
