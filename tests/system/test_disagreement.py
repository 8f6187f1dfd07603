"""Uploads are looked through by what speaks against their labels: the version that serves, or a doubt."""

from collections.abc import Iterator
from typing import Any

import pytest

from server.store.selection import State
from tests.digits import Digits
from tests.live import LiveServer

RIGHT, WRONG = range(20), range(20, 26)  # positions, by whether the label is the one that the picture shows


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, digits: Digits) -> Iterator[LiveServer]:
    """A server with labels in force that nobody doubted when they came, some of them wrong."""
    with LiveServer(tmp_path_factory.mktemp("live"), "--trainer", "none") as server:
        for positions, wrong in ((RIGHT, 0), (WRONG, 1)):
            files = [(f"{position}.png", digits.png(position)) for position in positions]
            labels = [str((digits.classes[position] + wrong) % 10) for position in positions]
            assert server.upload(files, labels, source="correction").json()["suspects"] == []
        files = [(f"{position}.png", digits.png(position)) for position in range(40, 46)]
        slips = [str((digits.classes[position] + 1) % 10) for position in range(40, 46)]
        assert len(server.upload(files, slips, source="camera").json()["suspects"]) == 6
        yield server


def pages(live: LiveServer, parameter: str, limit: int, **conditions: str) -> list[dict[str, Any]]:
    """All pages of a list; `parameter` takes the `next` of the one before."""
    found: list[dict[str, Any]] = []
    where: dict[str, Any] = {}
    while True:
        answer = live.get("/dataset/images", params={"limit": limit, **conditions, **where})
        assert answer.status_code == 200, answer.text
        found += answer.json()["images"]
        if (following := answer.json()["next"]) is None:
            return found
        where = {parameter: following}


@pytest.mark.parametrize("limit", [2, 100])
def test_labels_are_found_that_the_current_version_says_otherwise(live: LiveServer, digits: Digits, limit: int) -> None:
    found = pages(live, "before", limit, against="version")
    assert [each["label"] for each in found] == [str((digits.classes[each] + 1) % 10) for each in reversed(WRONG)]
    for each, position in zip(found, reversed(WRONG), strict=True):
        answer = each["answer"]
        assert (answer["label"], answer["model_version"]) == (str(digits.classes[position]), "0")
        assert 0 <= answer["probability"] < 0.5 < answer["confidence"] <= 1
    of_one = pages(live, "before", limit, against="version", label=found[0]["label"], split=found[0]["split"])
    assert found[0] in of_one
    assert len(of_one) < len(found)


def test_classes_are_compared_by_what_they_are_called_now(live: LiveServer) -> None:
    before = pages(live, "before", 100, against="version")
    assert before
    change = {"merge": before[0]["answer"]["label"], "into": before[0]["label"]}
    batch = live.post("/classes", json=change).json()["batch"]
    try:
        after = pages(live, "before", 100, against="version")
        assert {each["sha256"] for each in after} < {each["sha256"] for each in before}
        assert before[0]["sha256"] not in {each["sha256"] for each in after}
    finally:
        live.client.delete(f"{live.url}/dataset/batches/{batch}").raise_for_status()
    assert pages(live, "before", 100, against="version") == before


@pytest.mark.parametrize("limit", [2, 100])
def test_suspects_are_listed_by_how_little_their_label_was_believed(live: LiveServer, limit: int) -> None:
    found = pages(live, "offset", limit, against="doubt")
    probabilities = [each["suspect"]["probability"] for each in found]
    assert probabilities == sorted(probabilities)
    newest = [each["suspect"]["probability"] for each in pages(live, "before", 100, state=State.SUSPECT)]
    assert newest != probabilities
    assert sorted(newest) == probabilities


def test_suspects_may_have_a_label_in_force_that_the_version_does_not_say(live: LiveServer, digits: Digits) -> None:
    wrong = WRONG[0]
    slip = str((digits.classes[wrong] + 2) % 10)
    uploaded = live.upload([("again.png", digits.png(wrong))], [slip], source="camera").json()
    try:
        (found,) = pages(live, "before", 1, against="version", state=State.SUSPECT)
        assert (found["label"], found["suspect"]["label"]) == (str((digits.classes[wrong] + 1) % 10), slip)
        in_force = pages(live, "offset", 1, against="doubt", state=State.LABELLED)
        assert [each["sha256"] for each in in_force] == [found["sha256"]]
    finally:
        live.client.delete(f"{live.url}/dataset/batches/{uploaded['batch']}").raise_for_status()


@pytest.mark.parametrize(
    "given",
    [
        {"against": "size"},
        {"against": "version", "state": "none"},
        {"against": "doubt", "offset": "x"},
    ],
)
def test_what_has_no_such_order_is_said(live: LiveServer, given: dict[str, str]) -> None:
    answer = live.get("/dataset/images", params=given)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
