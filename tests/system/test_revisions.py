"""Many pictures are looked through by what they are, and changed by one call that one call undoes."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.digits import Digits
from tests.live import LiveServer

SLIPS = 30


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, digits: Digits) -> Iterator[LiveServer]:
    """A server that knows 10 pictures of a scanner, and doubts 30 of a camera."""
    with LiveServer(tmp_path_factory.mktemp("live"), "--trainer", "none") as server:
        files = [(f"{position}.png", digits.png(position)) for position in range(10 + SLIPS)]
        labels = [str((digits.classes[position] + (position >= 10)) % 10) for position in range(10 + SLIPS)]
        assert server.upload(files[:10], labels[:10], source="scanner").json()["suspects"] == []
        assert len(server.upload(files[10:], labels[10:], source="camera").json()["suspects"]) == SLIPS
        yield server


def listed(live: LiveServer, **conditions: str) -> list[dict[str, Any]]:
    answer = live.get("/dataset/images", params={"limit": 100, **conditions})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["images"]
    return found


def state(live: LiveServer) -> tuple[Any, ...]:
    overview = live.get("/dataset").json()
    return overview["uploads"], overview["suspects_count"], overview["count"], listed(live, state="any")


@pytest.fixture
def revise(live: LiveServer) -> Iterator[Any]:
    """Makes a revision, and undoes it afterwards, which leaves everything as it was."""
    before, batches = state(live), []

    def call(**given: object) -> dict[str, Any]:
        answer = live.post("/dataset/batches", json=given)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        batches.append(made["batch"])
        return made

    yield call
    for batch in reversed(batches):
        assert live.client.delete(f"{live.url}/dataset/batches/{batch}").status_code == 200
    assert state(live) == before


def test_an_upload_that_was_doubted_is_accepted_as_a_whole(live: LiveServer, revise: Any) -> None:
    before = live.get("/dataset").json()["decision"]
    made = revise(action="accept", where={"batch": "2"})
    assert (made["count"], made["unchanged"]) == (SLIPS, 0)
    overview = live.get("/dataset").json()
    assert (overview["suspects_count"], overview["decision"]) == (0, before + 1)
    images = listed(live, source="camera")
    assert len(images) == SLIPS
    assert all(each["label"] is not None and each["batch"] == "2" for each in images)
    assert overview["batches"][0] | {"created_at": ""} == {
        "batch": made["batch"], "created_at": "", "source": "by hand: accept", "count": SLIPS
    }  # fmt: skip


def test_suspects_of_one_label_are_rejected(live: LiveServer, revise: Any) -> None:
    label = listed(live, state="suspect")[0]["suspect"]["label"]
    meant = {each["sha256"] for each in listed(live, state="suspect", label=label)}
    assert 0 < len(meant) < SLIPS
    assert revise(action="reject", where={"label": label})["count"] == len(meant)
    assert {each["sha256"] for each in listed(live, state="removed")} == meant
    assert len(listed(live, state="suspect")) == SLIPS - len(meant)


def test_named_images_are_relabelled_and_removed(live: LiveServer, revise: Any) -> None:
    names = [each["sha256"] for each in listed(live, source="scanner")]
    assert revise(action="relabel", images=names[:4], label="3")["count"] <= 4
    assert {each["label"] for each in listed(live, state="labelled") if each["sha256"] in names[:4]} == {"3"}
    assert revise(action="remove", images=names)["count"] == 10
    assert not {each["sha256"] for each in listed(live)} & set(names)
    assert live.get(f"/dataset/images/{names[0]}").status_code == 200
    again = live.post("/dataset/batches", json={"action": "remove", "images": names})
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


def test_images_are_found_by_what_they_are(live: LiveServer) -> None:
    assert len(listed(live, source="scanner")) == len(listed(live, batch="1")) == 10
    assert listed(live, source="nobody") == listed(live, batch="77") == listed(live, until="2020-01-01") == []
    assert len(listed(live, since="2020-01-01", source="camera")) == SLIPS
    test = listed(live, source="scanner", split="test")
    assert [each["split"] for each in test] == ["test"] * len(test)
    first = listed(live, batch="1")[0]
    assert first["source"] == "scanner"
    assert listed(live, since=first["created_at"], until=first["created_at"]) == []
    assert first in listed(live, since=first["created_at"])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "action"),
        ({"action": "accept"}, "images"),
        ({"action": "accept", "where": {}}, "where"),
        ({"action": "remove", "where": {"colour": "red"}}, "where"),
        ({"action": "remove", "where": []}, "where"),
        ({"action": "remove", "where": {"batch": 3}}, "batch"),
        ({"action": "remove", "where": {"batch": "x"}}, "batch"),
        ({"action": "remove", "images": "all"}, "images"),
        ({"action": "remove", "images": [1]}, "images"),
        ({"action": "remove", "images": []}, "images"),
        ({"action": "remove", "images": ["0"], "where": {"batch": "1"}}, "images"),
        ({"action": "remove", "images": ["0"], "label": "3"}, "label"),
        ({"action": "relabel", "images": ["0"]}, "label"),
        ({"action": "relabel", "images": ["0"], "label": 3}, "label"),
        ({"action": "remove", "images": ["0"], "force": True}, "where"),
        ({"action": "accept", "images": ["0"], "label": 3}, "label"),
    ],
)
def test_what_is_no_revision_is_refused(live: LiveServer, given: dict[str, object], says: str) -> None:
    answer = live.post("/dataset/batches", json=given)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert says in answer.json()["error"]


def test_a_label_or_an_image_that_there_is_not_changes_nothing(live: LiveServer) -> None:
    before = state(live)
    name = before[-1][0]["sha256"]
    answer = live.post("/dataset/batches", json={"action": "relabel", "images": [name], "label": "eleven"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unusable_label")
    answer = live.post("/dataset/batches", json={"action": "remove", "images": [name, "0" * 64]})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    answer = live.post("/dataset/batches", json={"action": "remove", "images": ["0" * 64] * 4000})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert state(live) == before


def test_two_thousand_are_named_in_one_call(live: LiveServer) -> None:
    answer = live.post("/dataset/batches", json={"action": "accept", "images": ["0" * 64] * 2000})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
