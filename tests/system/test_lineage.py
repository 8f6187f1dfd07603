"""Which version served when, who may move the pointer away from what they saw, and what a version learned from."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from export.publish import publish, with_file
from tests.digits import Digits
from tests.live import LiveServer
from tests.tiny import memory_in, publish_tiny, tiny_candidate

KEY = {"X-API-Key": "a-key-of-some-length"}


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveServer]:
    """A server whose current version is the second of two."""
    folder = tmp_path
    memory = memory_in(folder)
    for seed in range(2):
        publish_tiny(memory, seed)
    memory.close()
    with LiveServer(folder, "--trainer", "none", environment={"RELEARN_API_KEY": KEY["X-API-Key"]}) as server:
        server.client.headers.update(KEY)
        yield server


def test_what_served_at_a_time_is_told_with_the_move_that_brought_it(live: LiveServer) -> None:
    first, second = live.get("/models").json()["promotions"]
    found = live.get("/models/at", params={"time": first["time"]}).json()
    assert found == {
        "time": first["time"],
        "model_version": "1",
        "since": first["time"],
        "until": second["time"],
        "kind": "published",
        "by": "a test",
        "reason": "",
    }
    now = live.get("/models/at", params={"time": datetime.now(UTC).isoformat()}).json()
    assert (now["model_version"], now["since"], now["until"]) == ("2", second["time"], None)
    elsewhere = datetime.fromisoformat(first["time"]).astimezone().isoformat()
    assert live.get("/models/at", params={"time": elsewhere}).json() == found


def test_a_time_that_is_none_or_is_yet_to_come_is_refused(live: LiveServer) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    for params, word in (({}, "time"), ({"time": "noon"}, "such as 2026"), ({"time": tomorrow}, "yet to come")):
        answer = live.get("/models/at", params=params)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
        assert word in answer.json()["error"]
    answer = live.get("/models/at", params={"time": "1999-01-01T00:00:00Z"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_plus_sign_that_became_a_blank_is_explained(live: LiveServer) -> None:
    answer = live.get("/models/at?time=2026-05-01T12:00:00+02:00")
    assert answer.status_code == 400
    assert "%2B" in answer.json()["error"]


def test_the_pointer_moves_only_from_where_the_client_saw_it(live: LiveServer) -> None:
    seen = live.get("/models").headers["ETag"]
    assert seen == '"2"'
    moves = len(live.get("/models").json()["promotions"])
    for wrong in ('"1"', '"0", "1"', 'W/"2"'):
        answer = live.post("/models/1/promote", headers={"If-Match": wrong})
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
        assert "the current version is 2" in answer.json()["error"]
        assert answer.headers["ETag"] == '"2"'
    answer = live.post("/models/1/promote", headers={"If-Match": "2"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert len(live.get("/models").json()["promotions"]) == moves
    answer = live.post("/models/1/promote", headers={"If-Match": seen})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    assert live.post("/models/2/promote", headers={"If-Match": seen}).status_code == 412
    assert live.post("/models/2/promote", headers={"If-Match": '"9", "1"'}).status_code == 200
    assert live.post("/models/1/promote", headers={"If-Match": "*"}).status_code == 200
    assert live.post("/models/2/promote").status_code == 200


def taught(live: LiveServer, went_on_from: str | None = None) -> str:
    """Publish a version as if it had been trained on the dataset as it is."""
    training = {"decision": live.get("/dataset").json()["decision"], "warm_start": went_on_from}
    report = {"metrics": {}, "training": training}
    memory = memory_in(live.folder)
    candidate = with_file(tiny_candidate(), "report/report.json", json.dumps(report).encode())
    version = publish(memory, candidate, memory.pointer.current(), "a test")
    memory.close()
    return version


def test_whoever_removes_pictures_hears_which_versions_hold_them(live: LiveServer, digits: Digits) -> None:
    files = [(f"{number}.png", digits.png(number)) for number in range(12)]
    batch = live.upload(files, ["1"] * 12, source="correction").json()["batch"]
    pictures = live.get("/dataset/images").json()["images"]
    splits = {each["sha256"]: each["split"] for each in pictures}
    first = next(sha256 for sha256, split in splits.items() if split == "train")
    judge = next(sha256 for sha256, split in splits.items() if split == "test")
    learned, heir = taught(live), taught(live, went_on_from="3")
    found = live.get(f"/models/{learned}/images?limit=12").json()
    assert {each["sha256"]: each["split"] for each in found["images"]} == splits
    assert {(each["label"], each["batch"]) for each in found["images"]} == {("1", batch)}
    rest = live.get(f"/models/{learned}/images?before={found['next']}").json()
    assert rest == {"images": [], "next": None}

    answer = live.client.delete(f"{live.url}/dataset/images/{first}").json()
    assert answer["held_by"] == {"learned": [learned, heir], "descended": []}
    assert "versions 3, 4 still hold it" in answer["message"]
    later = taught(live, went_on_from=heir)
    answer = live.get(f"/dataset/images/{first}/versions").json()
    given = [{"version": version, "label": "1"} for version in (learned, heir)]
    assert answer == {"sha256": first, "learned": given, "judged": [], "descended": [later]}
    judged = live.get(f"/dataset/images/{judge}/versions").json()["judged"]
    assert [each["version"] for each in judged] == [learned, heir, later]

    answer = live.post("/dataset/batches", json={"action": "relabel", "label": "2", "where": {"batch": batch}}).json()
    assert answer["held_by"] == {"learned": [learned, heir, later], "descended": []}
    answer = live.client.delete(f"{live.url}/dataset/batches/{batch}").json()
    assert answer["held_by"]["learned"] == [learned, heir, later]
    fresh = live.upload([("a.png", digits.png(50))], ["1"]).json()["batch"]
    answer = live.client.delete(f"{live.url}/dataset/batches/{fresh}").json()
    assert answer == {
        "message": f"Batch {fresh} is removed; the next retraining is without it",
        "held_by": {"learned": [], "descended": []},
    }


def test_what_nobody_knows_of_is_not_found(live: LiveServer) -> None:
    for path in ("/models/99/images", f"/dataset/images/{'0' * 64}/versions"):
        answer = live.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
