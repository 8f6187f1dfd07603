"""The classes over the API: begun with, and what is said where that can't be."""

from collections.abc import Iterator
from pathlib import Path

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
