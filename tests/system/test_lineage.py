"""Which version served when, who may move the pointer away from what they saw, and what a version learned from."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.live import LiveServer
from tests.tiny import memory_in, publish_tiny

KEY = {"X-API-Key": "a-key-of-some-length"}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose current version is the second of two."""
    folder = tmp_path_factory.mktemp("live")
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
