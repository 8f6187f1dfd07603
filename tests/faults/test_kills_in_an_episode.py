"""A server killed at each step of what a retrain policy begins: it goes on, once, and nothing serves untried."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.store.canary import Outcome, Verdict
from server.store.policies import AUTHOR
from tests.digits import Digits
from tests.faults.bench import Bench
from tests.faults.inside import seed_of
from tests.faults.stage import eventually
from tests.load import Load
from tests.tiny import publish_tiny

LABELS = 3
POLICY = {"mode": "auto", "labels": LABELS, "quiet_minutes": 0, "cooldown_minutes": 0}
TRIAL = {"shadow_minutes": 60, "canary_minutes": 60, "watch_minutes": 60}
CLIENTS, PAUSE_SECONDS = 4, 0.02  # some 150 requests a second
REQUESTS = 1_000_000
STEPS = {"shadow": Outcome.PASSED, "canary": Outcome.PROMOTED, "watch": Outcome.KEPT}  # and how a worker ends each


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """The first job brings the same answers as version 1, about which an alarm is open."""
    made = Bench(tmp_path)
    publish_tiny(made.memory, seed_of("1"))
    made.memory.drift.raise_("1", "2026-11-28T02:00:00.000+00:00", "ink", {"moved": []})
    with made.server:
        put = made.server.client.put(f"{made.server.url}/retrain/policy", json=POLICY | TRIAL)
        assert put.status_code == 200, put.text
        yield made
    made.memory.close()


def step_of(bench: Bench) -> tuple[str, dict[str, Any]] | None:
    """What is tried, how, and how far that is."""
    models = bench.server.get("/models").json()
    return next(((role, models[role]) for role in STEPS if models[role] is not None), None)


@pytest.mark.long(seconds=15)
def test_an_episode_goes_on_wherever_the_server_is_killed(bench: Bench, digits: Digits) -> None:
    pngs = [digits.png(position) for position in range(64)]

    def go_on_until(role: str, answered: int) -> dict[str, Any]:
        """Predict until that step has seen so much, which is then there after a kill."""

        def seen() -> dict[str, Any] | None:
            found = step_of(bench)
            if found is None or found[0] != role:
                return None
            far: dict[str, Any] = found[1]["progress"]
            judged = far[{"watch": "current"}.get(role, role)]
            return far if judged["pictures" if role == "shadow" else "requests"] >= answered else None

        with Load(bench.server.url, pngs, CLIENTS, REQUESTS, PAUSE_SECONDS) as load:
            far = eventually(seen, f"{answered} answers in the step {role}")
        assert not load.errors
        assert {reply.status for reply in load.replies} == {200}
        return far

    bench.restart()  # an alarm is open
    assert bench.memory.drift.open() is not None
    assert bench.server.get("/retrain/jobs").json()["jobs"] == []

    bench.stage.stop_at("training")
    labels = [str(digits.classes[position]) for position in range(LABELS)]
    files = [(f"{position}.png", pngs[position]) for position in range(LABELS)]
    assert bench.server.upload(files, labels, source="correction").status_code == 201
    bench.restart()  # labels are there, and perhaps nobody has looked at them
    eventually(lambda: bench.server.get("/retrain/jobs").json()["jobs"], "a job")

    eventually((bench.stage.folder / "reached").is_file, "a training")
    bench.restart()  # it runs
    bench.stage.go()
    for role, outcome in STEPS.items():
        far = go_on_until(role, 10)
        bench.restart()
        found = step_of(bench)
        assert found is not None
        assert found[0] == role
        assert found[1]["progress"]["minutes"] >= far["minutes"] - 0.1
        assert bench.server.get("/models").json()["current"] == ("2" if role == "watch" else "1")
        going_on = bench.memory.canaries.open()
        assert going_on is not None
        assert bench.memory.canaries.end(going_on.id, Verdict(outcome, "no worse"))

    (job,) = bench.server.get("/retrain/jobs").json()["jobs"]
    assert (job["by"], job["state"], job["result"]["tried"]) == (AUTHOR, "published", "shadow")
    decisions = bench.server.get("/retrain/policy/decisions").json()["decisions"]
    assert [each["outcome"] for each in decisions].count("started") == 1
    moves = bench.server.get("/models").json()["promotions"]
    assert [(move["kind"], move["by"], move["to"]) for move in moves[1:]] == [("promoted", "canary", "2")]
    assert moves[-1]["reason"] == "job 1: no worse"
