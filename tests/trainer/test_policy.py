"""A trainer that is started by hand holds its jobs to what the server's settings of the same names say."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from export.gate import Limits
from server.routes.retraining import held_to
from server.settings import SettingError, Settings
from tests.tiny import memory_in
from trainer.__main__ import Runner, _flags, _parser, _train
from trainer.config import Places
from trainer.policy import SETTINGS, Policy, policy_of


def test_the_defaults_are_the_servers() -> None:
    assert policy_of({}, {}) == Policy()
    assert {f"gate_{name}" for name in asdict(Limits())} == {name for name in SETTINGS if name.startswith("gate_")}
    assert {name for name in SETTINGS if name.startswith("gate_")} == {
        name for name in asdict(Settings()) if name.startswith("gate_")
    }


def test_variables_are_read_and_flags_win() -> None:
    environment = {
        "RELEARN_GATE_ACCURACY_MARGIN": "0.02",
        "RELEARN_KEEP_JOBS": "7",
        "RELEARN_JOB_LIMIT_SECONDS": "60",
        "RELEARN_PORT": "no port",
    }
    arguments = vars(_parser().parse_args(["--gate-cost-factor", "9", "--keep-jobs", "8"]))
    found = policy_of(arguments, environment)
    assert found == Policy(Limits(accuracy_margin=0.02, cost_factor=9.0), keep_jobs=8, job_limit_seconds=60)


@pytest.mark.parametrize("text", ["none", "-1"])
def test_a_value_that_can_not_be_used_is_named(text: str) -> None:
    with pytest.raises(SettingError, match="RELEARN_GATE_COST_FACTOR"):
        policy_of({}, {"RELEARN_GATE_COST_FACTOR": text})


def test_what_a_jobs_row_says_wins_over_the_trainers_own() -> None:
    own = Policy(Limits(accuracy_margin=0.02, cost_factor=9.0), keep_jobs=8)
    assert Policy.from_json({}, own) == own
    assert Policy.from_json({"limits": {"cost_factor": 3.0}, "keep_jobs": 5}, own) == Policy(
        Limits(accuracy_margin=0.02, cost_factor=3.0), keep_jobs=5
    )


def test_the_child_is_told_the_runners_policy() -> None:
    policy = Policy(Limits(significance=0.05), keep_versions=3)
    arguments = vars(_parser().parse_args(["child", "1", "1", *_flags(Places(), policy), "work"]))
    assert policy_of(arguments, {}) == policy


@pytest.mark.parametrize(("own", "in_the_row", "held_to"), [(60.0, {}, 60.0), (60.0, {"job_limit_seconds": 5.0}, 5.0)])
def test_the_time_limit_is_the_rows_or_the_trainers_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: float, in_the_row: dict[str, float], held_to: float
) -> None:
    memory = memory_in(tmp_path)
    limits: list[float] = []

    def run_job(_: object, __: str, ___: object, limit_seconds: float, *____: object) -> dict[str, str]:
        limits.append(limit_seconds)
        return {"state": "published"}

    monkeypatch.setattr("trainer.__main__.run_job", run_job)
    job = memory.jobs.create({}, "api", dict(in_the_row)).job
    assert Runner(memory, Places(), Policy(job_limit_seconds=own)).run(job) == 0
    assert limits == [held_to]


def test_what_the_server_writes_into_a_row_is_its_whole_policy() -> None:
    settings = replace(Settings(), job_limit_seconds=7.0, keep_jobs=3, gate_cost_factor=9.0)
    written = held_to(settings)
    assert Policy.from_json(written, Policy()) == Policy(Limits(cost_factor=9.0), keep_jobs=3, job_limit_seconds=7.0)
    assert {*written, *written["limits"]} == {*asdict(Policy()), *asdict(Limits())}  # type: ignore[misc]


def test_a_job_created_by_hand_carries_the_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = Policy(Limits(accuracy_margin=0.02))
    memory = memory_in(tmp_path)
    runner = Runner(memory, Places(), policy)
    monkeypatch.setattr(runner, "run", lambda *_, **__: 0)
    assert _train(runner, {}) == 0
    assert memory.jobs.get("1").policy == asdict(policy)
