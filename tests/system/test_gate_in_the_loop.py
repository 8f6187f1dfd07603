"""Good uploads are learnt, slips put aside, poison refused by the class it hits, and a batch can be taken back."""

from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.digits import SMALL_GATE_MARGIN, mnist, write_small_mnist
from tests.faults.stage import sharing
from tests.live import TRAINING_SECONDS, LiveServer

TRAIN, TEST = 12_000, 1_000  # some 1,200 of them judge
PATIENT = ("--queue-timeout-seconds", "60")  # a busy machine is not what is tried
FRESH = range(20_000, 20_300)


def upload(server: LiveServer, positions: list[int], labels: list[str], source: str = "upload") -> dict[str, list[str]]:
    train = mnist("train")
    files = [(f"{position}.png", train.png(position)) for position in positions]
    answer = server.upload(files, labels, source=source)
    assert answer.status_code == 201, answer.text
    content: dict[str, list[str]] = answer.json()
    return content


def labels_of(positions: list[int], shift: int = 0) -> list[str]:
    return [str((mnist("train").classes[position] + shift) % 10) for position in positions]


def retrain(server: LiveServer, **options: int) -> dict[str, object]:
    answer: dict[str, object] = server.post("/retrain?wait=true", json=options).json()
    return answer


@pytest.mark.long(seconds=60)
def test_the_loop_with_good_uploads_slips_and_poison(tmp_path: Path) -> None:
    write_small_mnist(tmp_path / "mnist", TRAIN, TEST)
    flags = ("--dataset", str(tmp_path / "mnist"), "--gate-accuracy-margin", SMALL_GATE_MARGIN)
    with LiveServer(tmp_path, *flags, *PATIENT, environment=sharing(tmp_path / "stage")) as loop:
        loop.client.timeout = httpx.Timeout(TRAINING_SECONDS)
        good_ones_are_published(loop)
        mislabelled_ones_are_suspects_and_change_nothing(loop)
        threes_taught_as_eights_are_refused_by_class_and_taken_back(loop)


def good_ones_are_published(loop: LiveServer) -> None:
    upload(loop, list(FRESH), labels_of(list(FRESH)))
    answer = retrain(loop, epochs=1)
    assert answer["published"], answer
    assert loop.get("/health").json()["model_version"] == answer["model_version"] == "1"


def mislabelled_ones_are_suspects_and_change_nothing(loop: LiveServer) -> None:
    positions = [position + 1000 for position in FRESH]
    answer = upload(loop, positions, labels_of(positions, shift=1))
    assert len(answer["suspects"]) >= 295  # now and then a label is wrong in MNIST itself
    if len(answer["suspects"]) < len(positions):
        newest = loop.get("/dataset").json()["batches"][0]["batch"]
        assert newest == answer["batch"]
        assert loop.client.delete(f"{loop.url}/dataset/batches/{newest}").status_code == 200
    assert retrain(loop)["reason"] == "nothing new to learn from"
    assert loop.get("/health").json()["model_version"] == "1"


def threes_taught_as_eights_are_refused_by_class_and_taken_back(loop: LiveServer) -> None:
    threes = np.flatnonzero(mnist("train").classes == 3)
    poison = [int(position) for position in threes[threes >= 30_000][:2000]]
    batches = [
        str(upload(loop, poison[first : first + 1000], ["8"] * 1000, source="correction")["batch"])
        for first in (0, 1000)
    ]
    answer = retrain(loop, epochs=1)
    assert not answer["published"]
    assert "class 3 went down by" in str(answer["reason"])
    assert loop.get("/health").json()["model_version"] == "1"
    job = loop.get(f"/retrain/jobs/{answer['job']}").json()
    assert job["state"] == "refused"
    (candidate,) = loop.get("/models").json()["candidates"]
    assert candidate["job"] == answer["job"]
    assert candidate["gate"] == job["result"]["gate"]
    for batch in batches:
        assert loop.client.delete(f"{loop.url}/dataset/batches/{batch}").status_code == 200
    assert retrain(loop)["reason"] == "nothing new to learn from"
