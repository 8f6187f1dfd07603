"""Idempotency-Key on every call that takes one: done once, answered the same; and which calls these are."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.decided import LABELS, deciding, teach
from tests.digits import Digits
from tests.faults.stage import eventually
from tests.live import LiveServer

ELSEWHERE = {"/upload", "/retrain"}  # test_idempotency.py
HERE = {
    "/feedback",
    "/classes",
    "/dataset/batches",
    "/models/{version}/promote",
    "/models/{version}/shadow",
    "/models/{version}/canary",
    "/retrain/policy/proposals/{proposal}/accept",
    "/m",
}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with deciding(tmp_path_factory.mktemp("once"), "--collect", "--collect-share", "1") as server:
        yield server


def twice(live: LiveServer, path: str, content: object, other: object) -> tuple[httpx.Response, httpx.Response]:
    """A call under one key, and again with its JSON written another way; then with something else in it."""

    def send(content: object) -> httpx.Response:
        return live.post(path, json=content, headers={"Idempotency-Key": re.sub("[^a-z]", "-", path)})

    first, again = send(content), send(dict(reversed(content.items())) if isinstance(content, dict) else content)
    assert first.is_success, first.text
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    if other is not None:
        changed = send(other)
        assert (changed.status_code, changed.json()["code"]) == (422, "another_request")
    return first, again


def moves(live: LiveServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = live.get("/models").json()["promotions"]
    return found


def test_the_document_names_all_that_take_a_key(live: LiveServer) -> None:
    paths = live.get("/openapi.json").json()["paths"]
    named = {
        path
        for path, methods in paths.items()
        for method in methods.values()
        if any(each["name"] == "Idempotency-Key" and each["in"] == "header" for each in method["parameters"])
    }
    assert named == HERE | ELSEWHERE


def test_a_promotion_moves_once_whatever_came_between(live: LiveServer) -> None:
    live.post("/models/0/promote").raise_for_status()
    before = len(moves(live))
    headers = {"Idempotency-Key": "promotion"}
    first = live.post("/models/1/promote", json={"reason": "mine"}, headers=headers)
    assert first.json()["previous"] == "0"
    live.post("/models/0/promote").raise_for_status()
    again = live.post("/models/1/promote", json={"reason": "mine"}, headers=headers)
    assert (again.status_code, again.json()["previous"], again.headers["ETag"]) == (202, "0", '"1"')
    assert again.headers["Idempotent-Replayed"] == "true"
    assert [each["to"] for each in moves(live)[before:]] == ["1", "0"]
    assert live.post("/models/1/promote", headers=headers).json()["code"] == "another_request"


@pytest.mark.parametrize("what", ["canary", "shadow"])
def test_a_canary_or_a_shadow_begins_once(live: LiveServer, what: str) -> None:
    path = f"/models/1/{what}"
    first, again = twice(live, path, {"percent": 10, "minutes": 60}, {"percent": 11, "minutes": 60})
    assert (first.status_code, again.status_code, first.json()) == (202, 202, again.json())
    assert first.json()[what]["state"] == "running"
    assert live.client.delete(live.url + path).status_code == 200
    refused = live.post(f"/models/99/{what}", headers={"Idempotency-Key": f"no-{what}"})
    assert (refused.status_code, "Idempotent-Replayed" in refused.headers) == (404, False)


def test_a_class_is_added_once(live: LiveServer) -> None:
    first, again = twice(live, "/classes", {"add": "ten"}, {"add": "eleven"})
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    assert first.json()["classes"][-1] == "ten"
    named = [each["name"] for each in live.get("/classes").json()["classes"]]
    assert (named.count("ten"), "eleven" in named) == (1, False)
    live.client.delete(f"{live.url}/dataset/batches/{first.json()['batch']}")


def test_a_model_is_made_once_whatever_came_between(live: LiveServer) -> None:
    pets = {"name": "pets", "classes": ["cat", "dog"]}
    first, again = twice(live, "/m", pets, pets | {"classes": ["dog", "cat"]})
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    assert first.headers["Location"] == again.headers["Location"] == "/m/pets"
    taken = live.post("/m", json=pets, headers={"Idempotency-Key": "of-another-call"})
    assert (taken.status_code, "Idempotent-Replayed" in taken.headers) == (409, False)
    live.client.delete(f"{live.url}/m/pets").raise_for_status()
    mended = live.post("/m", json=pets, headers={"Idempotency-Key": "of-another-call"})  # a refusal keeps no key
    assert (mended.status_code, "Idempotent-Replayed" in mended.headers) == (201, False)
    live.client.delete(f"{live.url}/m/pets").raise_for_status()
    assert live.post("/m", json=pets, headers={"Idempotency-Key": "-m"}).headers["Idempotent-Replayed"] == "true"
    assert [each["name"] for each in live.get("/m").json()["models"]] == ["digits"]


def test_many_pictures_are_decided_about_once(live: LiveServer) -> None:
    teach(live, 30_000)
    newest = live.get("/dataset/images").json()["images"][0]
    label = str((int(newest["label"]) + 1) % 10)
    asked = {"action": "relabel", "label": label, "images": [newest["sha256"]]}
    first, again = twice(live, "/dataset/batches", asked, asked | {"label": newest["label"]})
    assert (first.status_code, first.json()) == (201, again.json())
    assert first.json()["held_by"] == {"learned": [], "descended": []}
    assert live.get("/dataset/batches").json()["batches"][0]["batch"] == first.json()["batch"]


def test_feedback_is_heard_once(live: LiveServer, digits: Digits) -> None:
    request_id = live.predict(digits.png(0)).headers["X-Request-ID"]
    word = {"request_id": request_id, "label": "7"}
    eventually(lambda: live.get("/samples?state=any").json()["samples"], "the sample")
    missed = live.post("/feedback", json=word | {"request_id": "never"}, headers={"Idempotency-Key": "-feedback"})
    assert missed.status_code == 404  # and what was not heard keeps no key
    first, again = twice(live, "/feedback", word, word | {"label": "1"})
    assert first.json()["results"][0]["status"] == "stored"
    assert again.json() == first.json()


def test_a_proposal_is_accepted_once(live: LiveServer) -> None:
    policy = {"mode": "ask", "labels": LABELS, "on_alarm": False, "quiet_minutes": 0, "cooldown_minutes": 0}
    live.client.put(f"{live.url}/retrain/policy", json=policy).raise_for_status()
    teach(live, 20_000)
    proposal = eventually(lambda: live.get("/retrain/policy").json()["proposal"], "a proposal")
    path = f"/retrain/policy/proposals/{proposal['decision']}/accept"
    first, again = twice(live, path, {}, None)
    assert (first.status_code, again.status_code, first.json()) == (202, 202, again.json())
    assert again.headers["Location"] == first.headers["Location"]
    assert len(live.get("/retrain/jobs").json()["jobs"]) == 1
    live.client.delete(f"{live.url}/retrain/jobs/{first.json()['job']}")
    live.client.put(f"{live.url}/retrain/policy", json={"mode": "off"}).raise_for_status()
