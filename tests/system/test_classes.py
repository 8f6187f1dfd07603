"""The classes over the API: begun with, and what is said where that can't be."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.digits import Digits
from tests.live import LiveServer


@pytest.fixture(scope="module")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A model without classes yet, on two workers."""
    flags = ("--name", "pets", "--workers", "2", "--trainer", "none")
    with LiveServer(tmp_path_factory.mktemp("pets"), *flags) as server:
        yield server


def begin(server: LiveServer, names: object) -> tuple[int, str]:
    answer = server.post("/classes", json={"begin": names})
    return answer.status_code, answer.json().get("code", "")


def test_a_model_begins_by_a_call(pets: LiveServer, digits: Digits) -> None:
    assert pets.get("/classes").json()["classes"] == []
    assert pets.upload([("a.png", digits.png(0))], ["cat"]).json()["code"] == "no_model"
    assert begin(pets, ["cat"]) == (422, "unusable_label")
    assert begin(pets, "cat,dog") == (400, "malformed")
    assert begin(pets, ["cat", 7]) == (400, "malformed")
    assert begin(pets, ["cat", "cat"]) == (409, "conflict")
    assert pets.post("/classes", json={}).status_code == 400
    assert begin(pets, ["cat", "dog"]) == (201, "")
    assert begin(pets, ["cat", "dog"]) == (409, "conflict")
    for _ in range(4):  # whichever worker is asked
        assert [each["name"] for each in pets.get("/classes").json()["classes"]] == ["cat", "dog"]
    assert pets.upload([("a.png", digits.png(0))], ["cat"]).status_code == 201
    assert pets.get("/classes").json()["classes"][0] == {"name": "cat", "uploads": 1, "lacking": 11}
    assert pets.post("/retrain").json()["code"] == "too_few_images"
    assert "no version of 'pets' yet" in pets.get("/readyz").json()["error"]


def test_what_has_a_version_does_not_begin(tmp_path: Path) -> None:
    with LiveServer(tmp_path, "--name", "digits", "--labels", "cat,dog", "--trainer", "none") as server:
        assert "another --name" in "".join(server.log)
        assert begin(server, ["cat", "dog"]) == (409, "conflict")
        assert server.get("/dataset").json()["labels"] == list("0123456789")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The digits that ship, with the classes that a version of them may have."""
    with LiveServer(tmp_path_factory.mktemp("live"), "--trainer", "none") as server:
        yield server


@pytest.fixture
def change(live: LiveServer) -> Iterator[Any]:
    """Changes a class, and undoes it afterwards, which leaves everything as it was."""
    before, batches = live.get("/dataset").json(), list[str]()

    def call(**given: str) -> list[str]:
        answer = live.post("/classes", json=given)
        assert answer.status_code == 201, answer.text
        batches.append(answer.json()["batch"])
        assert f"DELETE /dataset/batches/{batches[-1]} undoes it" in answer.json()["message"]
        names: list[str] = answer.json()["classes"]
        assert live.get("/dataset").json()["labels"] == names
        return names

    yield call
    for batch in reversed(batches):
        assert live.client.delete(f"{live.url}/dataset/batches/{batch}").status_code == 200
    after = live.get("/dataset").json()
    assert {name: after[name] for name in ("labels", "uploads", "lacking")} == {
        name: before[name] for name in ("labels", "uploads", "lacking")
    }


def uploads(live: LiveServer) -> dict[str, int]:
    """How many uploads each class has, whatever their split."""
    return {each["name"]: each["uploads"] for each in live.get("/classes").json()["classes"]}


@pytest.fixture(scope="module")
def sevens(live: LiveServer, digits: Digits) -> list[str]:
    """The hashes of three sevens that are uploaded."""
    files = [(f"{position}.png", digits.png(position)) for position in digits.of_class(7, 3)]
    assert live.upload(files, ["7"] * 3, source="correction").json()["count"] == 3
    return [each["sha256"] for each in live.get("/dataset/images?label=7").json()["images"]]


def test_uploads_of_a_renamed_class_count_under_its_new_name(
    live: LiveServer, sevens: list[str], change: Any, digits: Digits
) -> None:
    assert change(rename="7", to="seven") == ["0", "1", "2", "3", "4", "5", "6", "seven", "8", "9"]
    assert uploads(live)["seven"] == 3
    found = live.get("/dataset/images?label=seven").json()["images"]
    assert {each["sha256"] for each in found} == set(sevens)
    assert {each["label"] for each in found} == {"seven"}
    again = [("again.png", digits.png(digits.of_class(7, 1)[0]))]
    assert live.upload(again, ["seven"]).json()["duplicates"] == ["again.png"]
    assert live.upload(again, ["7"]).json()["code"] == "unusable_label"
    revision = {"action": "relabel", "label": "seven", "where": {"label": "seven"}}
    assert live.post("/dataset/batches", json=revision).status_code == 404  # they are that already


def test_those_of_merged_ones_count_together(live: LiveServer, sevens: list[str], change: Any) -> None:
    change(merge="7", into="1")
    assert change(rename="1", to="upright")[1] == "upright"
    assert uploads(live)["upright"] == 3
    assert len(live.get("/dataset/images?label=upright").json()["images"]) == len(sevens)


def test_a_label_is_doubted_by_what_the_classes_are_called_now(live: LiveServer, change: Any, digits: Digits) -> None:
    """The version that serves knows a 4 as "4" still, and a 5 as another class than a 6."""
    change(rename="4", to="four")
    change(merge="5", into="6")
    fours, fives = digits.of_class(4, 5), digits.of_class(5, 5)
    files = [(f"{position}.png", digits.png(position)) for position in (*fours[3:], *fives[3:])]
    answer = live.upload(files, ["four", "6", "6", "four"]).json()
    told = {each["file"]: (each["label"], each["predicted"]) for each in answer["suspects"]}
    assert told == {f"{fours[4]}.png": ("6", "four"), f"{fives[4]}.png": ("four", "6")}
    live.client.delete(f"{live.url}/dataset/batches/{answer['batch']}").raise_for_status()


def test_those_of_a_removed_one_are_left_out_and_come_back(live: LiveServer, sevens: list[str], change: Any) -> None:
    assert "7" not in change(remove="7")
    overview = live.get("/dataset").json()
    assert sum(of.get("7", 0) for of in overview["uploads"].values()) == 0
    assert overview["count"] == len(sevens)
    change(add="7")
    assert uploads(live)["7"] == 3


def test_an_added_class_has_to_be_taught(live: LiveServer, change: Any) -> None:
    change(add="none of these")
    listed = live.get("/classes").json()
    assert listed["classes"][-1] == {"name": "none of these", "uploads": 0, "lacking": 12}
    assert listed["version_labels"] == list("0123456789")
    assert [(each["action"], each["name"]) for each in listed["changes"]] == [("add", "none of these")]
    answer = live.post("/retrain", json={"force": True})
    assert "12 more of 'none of these' and a version can be trained" in answer.json()["error"]


def test_a_change_is_something_new_to_learn(live: LiveServer, change: Any) -> None:
    change(rename="3", to="three")
    started = live.post("/retrain")
    assert started.status_code == 202, started.text
    assert live.client.delete(live.url + started.headers["Location"]).status_code == 202


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 400),
        ({"add": "a", "remove": "1"}, 400),
        ({"rename": "1"}, 400),
        ({"rename": "1", "into": "b"}, 400),
        ({"merge": "1", "into": 2}, 400),
        ({"add": ["a"]}, 400),
        ({"split": "1"}, 400),
        ({"add": " a"}, 422),
        ({"add": "1"}, 409),
        ({"rename": "1", "to": "2"}, 409),
        ({"remove": "eleven"}, 404),
    ],
)
def test_what_can_not_be_changed_is_refused(live: LiveServer, given: dict[str, object], status: int) -> None:
    before = live.get("/dataset").json()["decision"]
    assert live.post("/classes", json=given).status_code == status
    assert live.get("/dataset").json()["decision"] == before
