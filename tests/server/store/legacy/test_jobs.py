"""Jobs in the state that their files, and nobody alive, leave them in."""

import logging
from typing import Any

import pytest

from server.store import living
from server.store.figures import figures_of
from server.store.lease import take
from tests.server.store.old_form.folder import REPORT, TIME, OldForm

FAILED = {"state": "failed", "version": None, "reason": "it broke", "accuracy": None, "epochs": None, "gate": None}


def states(form: OldForm) -> dict[str, tuple[str, Any]]:
    """Every job's state and reason after the takeover."""
    with form.opened() as memory:
        found = reversed(memory.jobs.page(99))
        return {each.job: (each.state, each.result and each.result.get("reason")) for each in found}


def test_a_job_that_was_begun_has_ended_with_its_trainer(form: OldForm) -> None:
    form.write_version("2")
    form.write_moves((None, "2", "job 9", "published"))
    form.write_job("1", result=dict(FAILED))
    form.write_job("2", {"stage": "starting"}, {"stage": "training", "epoch": 1})
    form.write_job("3", {"stage": "publishing", "version": "3"})
    form.write_job("4", {"stage": "publishing", "version": "2"})
    form.write_job("5")
    form.write("artifacts/jobs/5/cancel", "")
    form.write_job("6", {"stage": "training"})
    form.write("artifacts/jobs/6/cancel", "")
    form.write_job("7", {"stage": "gating"}, result={"state": "gating"})
    assert states(form) == {
        "1": ("failed", "it broke"),
        "2": ("failed", "the trainer was stopped from outside while training"),
        "3": ("failed", "the trainer was stopped from outside while publishing"),
        "4": ("published", None),
        "5": ("cancelled", "cancelled before a trainer took it up"),
        "6": ("failed", "the trainer was stopped from outside while training"),
        "7": ("failed", "the trainer was stopped from outside while gating"),
    }
    with form.opened() as memory:
        assert memory.jobs.get("4").result == {
            "state": "published", "version": "2", "reason": None,
            "accuracy": 0.9, "epochs": 3, "gate": REPORT["gate"],
        }  # fmt: skip
        assert memory.jobs.open() is None
        assert memory.jobs.create({}, "api", {}).job == "10", "9 is the number of a job that was pruned"


def test_a_job_that_nobody_began_still_waits_and_can_be_run(form: OldForm) -> None:
    form.write_job("3")
    form.write_job("4")
    assert states(form) == {"3": ("queued", None), "4": ("failed", "another job was waiting already")}
    with form.opened() as memory:
        found = memory.jobs.open()
        assert found is not None
        lease = take(memory.database, found.job, living.own(), living.Heartbeats())
        assert lease is not None
        lease.tell("training", {})
        assert memory.jobs.get("3").state == "training"


def test_events_have_the_numbers_of_their_lines_that_can_be_read(form: OldForm) -> None:
    form.write_job("1", result=dict(FAILED))
    lines = '{"stage": "starting"}\n{"stage": "tra\n7\n{"stage": "training", "loss": NaN}\n{"sta'
    form.write("artifacts/jobs/1/events.jsonl", lines)
    with form.opened() as memory:
        assert memory.jobs.events("1", 0) == [(1, {"stage": "starting"}), (2, {"stage": "training", "loss": None})]
        assert memory.jobs.get("1").progress == {"stage": "training", "loss": None}


def test_a_request_that_cannot_be_read_is_no_job_but_its_number_is_used(
    form: OldForm, caplog: pytest.LogCaptureFixture
) -> None:
    form.write_job("1", result=dict(FAILED))
    form.write("artifacts/jobs/8/request.json", '{"options"')
    with caplog.at_level(logging.WARNING, "relearn"), form.opened() as memory:
        assert [each.job for each in memory.jobs.page(9)] == ["1"]
        assert memory.jobs.create({}, "api", {}).job == "9"
    assert "job 8 is left out" in caplog.text


def test_a_candidate_whose_job_was_pruned_can_still_be_seen(form: OldForm) -> None:
    form.write_candidate("2")
    form.write_candidate("3")
    form.write_job("3", {"stage": "gating"}, result={"state": "refused", "version": None, "reason": "worse"})
    with form.opened() as memory:
        assert memory.jobs.refused(9) == [("3", figures_of(REPORT)), ("2", figures_of(REPORT))]
        forgotten = memory.jobs.get("2")
        assert (forgotten.state, forgotten.by, forgotten.created_at) == ("refused", "unknown", TIME)
        assert forgotten.result is not None
        assert (forgotten.result["accuracy"], forgotten.result["epochs"]) == (0.9, 3)
        assert memory.jobs.create({}, "api", {}).job == "4"


def test_a_folder_that_is_no_candidate_is_left_alone(form: OldForm, caplog: pytest.LogCaptureFixture) -> None:
    form.write_candidate("2")
    form.write_candidate("export-of-3")
    form.write("artifacts/candidates/4/model.onnx", "without a manifest")
    form.write("artifacts/jobs/export-of-3/trainer.log", "")
    with caplog.at_level(logging.WARNING, "relearn"), form.opened() as memory:
        assert [number for number, _ in memory.jobs.refused(9)] == ["2"]
    assert "candidate 4 is left out" in caplog.text
    assert (form.artifacts / "candidates/4/model.onnx").is_file()
