"""What a run tells is in the job's row at once; a database that is away costs the event and not the run."""

from pathlib import Path

import pytest

from server.store import living
from server.store.errors import LeaseLost, Locked, Unavailable
from server.store.lease import Lease, take
from server.store.memory import Memory
from server.store.outcome import outcome
from tests.tiny import memory_in
from trainer.progress import Progress, Report


def leased(memory: Memory) -> Lease:
    lease = take(memory.database, memory.jobs.create({}, "a test", {}).job, living.own(), living.Heartbeats())
    assert lease is not None
    return lease


def test_an_event_is_the_jobs_state_and_its_progress(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    memory = memory_in(tmp_path)
    report = Report(leased(memory))
    report("preparing", "reading data/mnist")
    report("training", epoch=2, loss=float("nan"))
    job = memory.jobs.get("1")
    assert (job.state, job.progress["stage"]) == ("training", "training")
    assert (job.progress["epoch"], job.progress["loss"]) == (2, None)  # no JSON has a NaN
    assert [event["stage"] for _, event in memory.jobs.events("1", 0)] == ["preparing", "training"]
    assert capsys.readouterr().out == "reading data/mnist\ntraining …\n"


def test_every_epoch_is_told(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    progress = Progress(Report(leased(memory)), epochs=2, steps=10)
    for epoch in (1, 2):
        progress.step(epoch, 1, {"loss": 0.5})
        progress.epoch(epoch, {"loss": 0.4}, loss=0.3, accuracy=0.9)
    told = [event for _, event in memory.jobs.events("1", 0)]
    assert [(event["epoch"], event["step"], event["epoch_done"]) for event in told] == [(1, 10, True), (2, 10, True)]
    assert told[-1]["seconds_left"] == 0


@pytest.mark.parametrize("error", [Locked("others hold it"), Unavailable("it is away")])
def test_an_event_that_the_database_does_not_take_is_said_and_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    memory = memory_in(tmp_path)
    lease = leased(memory)
    with monkeypatch.context() as patch:

        def fail(*_: object) -> None:
            raise error

        patch.setattr(lease, "tell", fail)
        Report(lease)("training")
    assert f"(this was not told: {error})" in capsys.readouterr().out
    Report(lease)("calibrating")
    assert memory.jobs.get("1").state == "calibrating"


def test_who_was_taken_for_dead_is_told_to_stop(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    lease = leased(memory)
    memory.jobs.fail_gone("1", "taken for dead")
    with pytest.raises(LeaseLost):
        Report(lease)("training")
    assert memory.jobs.get("1").result == outcome("failed", reason="taken for dead while starting")


def test_without_a_job_it_only_says_it(capsys: pytest.CaptureFixture[str]) -> None:
    Report(None)("training", "epoch 1")
    assert capsys.readouterr().out == "epoch 1\n"
