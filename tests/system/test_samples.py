"""Samples of a real server: what is kept of what was predicted, how it is shown, and that it goes when told to."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.digits import Digits, png_of
from tests.faults.stage import eventually
from tests.live import LiveServer


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    flags = ("--trainer", "none", "--collect", "--collect-share", "1", "--collect-an-hour", "400")
    with LiveServer(tmp_path_factory.mktemp("collecting"), *flags) as server:
        yield server


@pytest.fixture(autouse=True)
def _empty(live: LiveServer) -> Iterator[None]:
    yield
    live.client.delete(f"{live.url}/samples").raise_for_status()


def samples(live: LiveServer, number: int, **query: str) -> list[dict[str, Any]]:
    """So many samples, once they are stored."""

    def found() -> list[dict[str, Any]] | None:
        answer = live.get("/samples", params={"limit": "1000", "state": "any", **query}).json()
        return answer["samples"] if answer["count"] >= number else None

    return eventually(found, f"{number} samples")


def predict(live: LiveServer, data: bytes, request_id: str) -> dict[str, Any]:
    headers = {"X-Request-ID": request_id, "Content-Type": "image/png"}
    answer = live.client.post(f"{live.url}/predict", content=data, headers=headers)
    made: dict[str, Any] = answer.raise_for_status().json()
    return made


def test_a_prediction_is_kept_with_its_answer_and_what_the_model_saw(live: LiveServer, digits: Digits) -> None:
    answer = predict(live, digits.png(3), "first")
    (sample,) = samples(live, 1)
    assert sample["why"] == "random"
    assert sample["probability"] == 1.0
    assert (sample["request_id"], sample["position"]) == ("first", 0)
    assert (sample["label"], sample["model_version"]) == (answer["label"], answer["model_version"])
    assert sample["confidence"] == pytest.approx(answer["confidence"])
    picture = live.get(f"/samples/{sample['sample']}/picture")
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(picture.content))), digits.images[3])
    again = live.get(f"/samples/{sample['sample']}/picture", headers={"If-None-Match": picture.headers["ETag"]})
    assert again.status_code == 304


def test_each_of_many_is_found_by_its_place(live: LiveServer, digits: Digits) -> None:
    files = [("files", ("a", data)) for data in (digits.png(1), b"no picture", digits.png(2))]
    live.client.post(f"{live.url}/predict/batch", files=files, headers={"X-Request-ID": "many"}).raise_for_status()
    found = samples(live, 2)
    assert {(each["request_id"], each["position"]) for each in found} == {("many", 0), ("many", 1)}


def test_pages_have_every_one_once(live: LiveServer, digits: Digits) -> None:
    for position in range(7):
        predict(live, digits.png(position), f"id-{position}")
    samples(live, 7)
    met, offset = [], 0
    while offset is not None:
        answer = live.get("/samples", params={"limit": "3", "offset": str(offset)}).json()
        met += [each["request_id"] for each in answer["samples"]]
        offset = answer["next"]
    assert sorted(met) == [f"id-{position}" for position in range(7)]
    assert live.get("/samples", params={"why": "unsure"}).json()["samples"] == []


def test_one_goes_and_all_go_with_their_files(live: LiveServer, digits: Digits) -> None:
    for position in range(3):
        predict(live, digits.png(position), f"id-{position}")
    found = samples(live, 3)
    assert live.client.delete(f"{live.url}/samples/{found[0]['sample']}").status_code == 200
    assert live.client.delete(f"{live.url}/samples/{found[0]['sample']}").json()["code"] == "not_found"
    assert live.get(f"/samples/{found[0]['sample']}/picture").status_code == 404
    assert len(pictures(live.data)) == 2
    old = live.client.delete(f"{live.url}/samples", params={"until": "2020-01-01"})
    assert old.json() == {"message": "0 samples removed", "count": 0}
    assert live.client.delete(f"{live.url}/samples", params={"until": "noon"}).status_code == 400
    assert live.client.delete(f"{live.url}/samples").json()["count"] == 2
    assert pictures(live.data) == []


def pictures(data: Path) -> list[Path]:
    return [path for path in (data / "samples").rglob("*") if path.is_file()]


def test_accuracy_in_production_is_of_what_was_reviewed_in_turn(live: LiveServer, digits: Digits) -> None:
    for position in range(20, 24):
        predict(live, digits.png(position), f"id-{position}")
    right = samples(live, 4)
    unknown = live.get("/samples/accuracy").json()
    assert (unknown["answers"], unknown["reviewed"], unknown["accuracy"]) == (4, 0, None)
    assert unknown["estimated_accuracy"] == pytest.approx(np.mean([each["confidence"] for each in right]))
    turn = live.get("/samples").json()["samples"]
    words = [{"sample": each["sample"], "label": each["label"]} for each in turn[:2]]
    other = str((int(turn[2]["label"]) + 1) % 10)
    live.client.post(f"{live.url}/feedback", json=[*words, {"sample": turn[2]["sample"], "label": other}])
    found = live.get("/samples/accuracy").json()
    for each in (found, found["versions"][0]):
        assert (each["reviewed"], each["right"], each["accuracy"]) == (3, 2, pytest.approx(2 / 3))
        assert each["low"] < 2 / 3 < each["high"]
    assert found["versions"][0]["model_version"] == turn[0]["model_version"]
    assert sum(each["reviewed"] for each in found["days"]) == 3


def test_answers_are_the_same_with_and_without(live: LiveServer, tmp_path: Path, digits: Digits) -> None:
    noise = png_of(np.random.default_rng(1).integers(0, 256, (28, 28), np.uint8))
    asked = [digits.png(5), noise]
    told = [predict(live, data, "id") for data in asked]
    with LiveServer(tmp_path, "--trainer", "none") as other:
        assert [predict(other, data, "id") for data in asked] == told
        assert other.get("/samples").json() == {"samples": [], "next": None, "count": 0, "kept": 0, "collecting": False}
    assert not (tmp_path / "data/samples").exists()


def scrawled(kind: int, number: int) -> bytes:
    """One of some scrawls that are alike, and none of them a digit."""
    common, own = (np.random.default_rng(seed).integers(0, 256, (10, 10)) for seed in (kind, 1000 + number))
    pixels = np.kron(0.75 * common + 0.25 * own, np.ones((2, 2))).astype(np.uint8)
    return png_of(np.pad(pixels, 4))


def test_more_of_a_class_that_the_version_does_not_know_comes_soon(tmp_path: Path) -> None:
    with LiveServer(tmp_path, "--trainer", "none", "--collect", "--collect-share", "0.001") as live:
        for position, data in enumerate([scrawled(0, 0), scrawled(0, 1), *(scrawled(kind, 0) for kind in range(1, 9))]):
            predict(live, data, f"id-{position}")
        samples(live, 10)
        first = next(each for each in samples(live, 10) if each["request_id"] == "id-0")

        def order() -> list[str]:
            return [each["request_id"] for each in live.get("/samples").json()["samples"]]

        live.client.post(f"{live.url}/classes", json={"add": "scrawl"}).raise_for_status()
        told = {"sample": first["sample"], "label": "0"}
        live.client.post(f"{live.url}/feedback", json=told).raise_for_status()
        assert order()[0] != "id-1"  # as alike as it is
        live.client.post(f"{live.url}/feedback", json=told | {"label": "scrawl"}).raise_for_status()
        assert order()[0] == "id-1"
