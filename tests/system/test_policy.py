"""Retrains that nobody starts: set over the API, decided by one of several workers, told in jobs, moves and metrics."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from server.store.policies import AUTHOR
from tests.digits import Digits, mnist
from tests.faults.stage import Stage, eventually
from tests.live import LiveServer

NOW: dict[str, Any] = {"labels": 5, "on_alarm": False, "quiet_minutes": 0, "cooldown_minutes": 0}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Two workers, and a trainer that never comes."""
    with LiveServer(tmp_path_factory.mktemp("policy"), "--trainer", "none", "--workers", "2") as server:
        yield server


def put(server: LiveServer, policy: dict[str, Any], **headers: str) -> Any:
    return server.client.put(f"{server.url}/retrain/policy", json=policy, headers=headers)


def teach(server: LiveServer, first: int, number: int) -> None:
    train, positions = mnist("train"), range(first, first + number)
    files = [(f"{position}.png", train.png(position)) for position in positions]
    answer = server.upload(files, [str(train.classes[position]) for position in positions], source="correction")
    assert answer.json()["count"] == number, answer.text


def decisions(server: LiveServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get("/retrain/policy/decisions").json()["decisions"]
    return found


def counted(server: LiveServer, outcome: str) -> float:
    found = re.search(rf'relearn_policy_decisions_total{{outcome="{outcome}"}} (\S+)', server.get("/metrics").text)
    assert found is not None
    return float(found[1])


def test_only_who_saw_the_policy_as_it_is_changes_it(server: LiveServer) -> None:
    before = server.get("/retrain/policy")
    assert put(server, {"labels": 77}, **{"If-Match": before.headers["ETag"]}).status_code == 200
    late = put(server, {"mode": "auto"}, **{"If-Match": before.headers["ETag"]})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    after = server.get("/retrain/policy")
    assert after.headers["ETag"] == late.headers["ETag"] != before.headers["ETag"]
    assert (after.json()["policy"]["mode"], after.json()["policy"]["labels"]) == ("off", 77)
    wrong = put(server, {"labels": 0})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unusable_policy")


def test_a_proposal_is_answered_once(server: LiveServer) -> None:
    assert put(server, NOW | {"mode": "ask"}).status_code == 200
    teach(server, 10_000, 5)
    proposal = eventually(lambda: server.get("/retrain/policy").json()["proposal"], "a proposal")
    assert proposal["reasons"][0]["figures"] == {"labels": 5, "wanted": 5}
    path = f"/retrain/policy/proposals/{proposal['decision']}"
    answer = server.post(f"{path}/dismiss")
    assert answer.status_code == 200, answer.text
    assert server.post(f"{path}/accept").status_code == 409

    teach(server, 10_100, 5)
    again = eventually(lambda: server.get("/retrain/policy").json()["proposal"], "another proposal")
    accepted = server.post(f"/retrain/policy/proposals/{again['decision']}/accept")
    assert accepted.status_code == 202, accepted.text
    assert accepted.headers["Location"] == f"/retrain/jobs/{accepted.json()['job']}"
    job = server.get(accepted.headers["Location"]).json()
    assert (job["state"], job["by"]) == ("queued", f"{AUTHOR}, accepted by api")
    assert server.post("/retrain/policy/proposals/999/accept").status_code == 404
    assert server.post("/retrain/policy/resume").status_code == 409
    assert server.client.delete(f"{server.url}{accepted.headers['Location']}").status_code == 202
    assert put(server, {}).status_code == 200
    newest = decisions(server)[0]
    assert (newest["outcome"], newest["by"], newest["reasons"][0]["text"]) == ("edited", "api", "the policy is off")
    assert min(counted(server, outcome) for outcome in ("proposed", "accepted", "dismissed", "edited")) >= 1


def test_labels_begin_one_retrain_and_its_version_serves(
    tmp_path_factory: pytest.TempPathFactory, digits: Digits
) -> None:
    """Of what is trained nothing is tried here: the trainer delivers at once."""
    folder = tmp_path_factory.mktemp("by-itself")
    with LiveServer(folder, "--workers", "2", environment=Stage(folder / "stage").environment) as server:
        assert put(server, NOW | {"mode": "auto", "labels": 50, "watch_minutes": 60}).status_code == 200
        teach(server, 10_000, 49)
        eventually(lambda: counted(server, "not") or None, "a decision not to")
        assert server.get("/retrain/jobs").json()["jobs"] == []
        teach(server, 10_500, 1)
        eventually(lambda: server.get("/retrain/jobs").json()["jobs"] or None, "a job")

        def served() -> str | None:
            state = server.get("/retrain/jobs/1").json()
            assert state["state"] not in ("failed", "refused"), state
            version: str = server.predict(digits.png(0)).json()["model_version"]
            return version if version != "0" else None

        assert eventually(served, "the new version") == "1"
        (job,) = server.get("/retrain/jobs").json()["jobs"]
        assert (job["by"], job["state"], job["options"]) == (AUTHOR, "published", {})
        (move,) = server.get("/models").json()["promotions"]
        assert (move["by"], move["to"]) == (AUTHOR, "1")
        watch = server.get("/models/1/watch").json()
        assert [watch[key] for key in ("against", "minutes", "by", "reason")] == ["0", 60, AUTHOR, "job 1"]
        assert server.get("/models").json()["watch"]["state"] == "running"
        eventually(lambda: decisions(server)[0]["outcome"] == "not" or None, "what it says after that")
        assert counted(server, "started") == 1
        (began,) = [each for each in decisions(server) if each["outcome"] == "started"]
        assert (began["job"], began["reasons"][0]["figures"]) == ("1", {"labels": 50, "wanted": 50})
