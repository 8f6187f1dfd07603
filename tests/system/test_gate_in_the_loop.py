"""Good uploads are learnt, slips put aside, poison refused by the class it hits, and a batch can be taken back."""

from collections.abc import Iterator

import httpx
import numpy as np
import pytest

from tests.digits import mnist
from tests.live import LiveServer

ONE_EPOCH = {"epochs": 1}  # of the three that are the default
FRESH = range(20_000, 20_300)


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """With the whole of MNIST: of a small part's gate images, one lost by chance is more than the gate allows."""
    with LiveServer(tmp_path_factory.mktemp("loop")) as server:
        server.client.timeout = httpx.Timeout(300)
        yield server


def upload(server: LiveServer, positions: list[int], labels: list[str], source: str = "upload") -> dict[str, list[str]]:
    train = mnist("train")
    files = [(f"{position}.png", train.png(position)) for position in positions]
    answer: dict[str, list[str]] = server.upload(files, labels, source=source).json()
    return answer


def test_three_hundred_good_uploads_are_published(loop: LiveServer) -> None:
    classes = mnist("train").classes
    upload(loop, list(FRESH), [str(classes[position]) for position in FRESH])
    answer = loop.post("/retrain?wait=true", json=ONE_EPOCH).json()
    assert answer["published"], answer
    assert loop.get("/health").json()["model_version"] == answer["model_version"] == "1"


def test_three_hundred_mislabelled_ones_are_suspects_and_change_nothing(loop: LiveServer) -> None:
    classes = mnist("train").classes
    positions = [position + 1000 for position in FRESH]
    answer = upload(loop, positions, [str((classes[position] + 1) % 10) for position in positions])
    assert len(answer["suspects"]) >= 295  # now and then a label is wrong in MNIST itself
    if len(answer["suspects"]) < len(positions):
        newest = loop.get("/dataset").json()["batches"][0]["batch"]
        assert newest == answer["batch"]
        assert loop.client.delete(f"{loop.url}/dataset/batches/{newest}").status_code == 200
    answer = loop.post("/retrain?wait=true").json()
    assert answer["reason"] == "nothing new to learn from"
    assert loop.get("/health").json()["model_version"] == "1"


def test_threes_taught_as_eights_are_refused_by_class_and_taken_back(loop: LiveServer) -> None:
    train = mnist("train")
    threes = np.flatnonzero(train.classes == 3)
    poison = [int(position) for position in threes[threes >= 30_000][:2000]]
    batches = [
        str(upload(loop, poison[first : first + 1000], ["8"] * 1000, source="correction")["batch"])
        for first in (0, 1000)
    ]
    answer = loop.post("/retrain?wait=true", json=ONE_EPOCH).json()
    assert not answer["published"]
    assert "class 3 went down by" in answer["reason"]
    assert loop.get("/health").json()["model_version"] == "1"
    job = loop.get(f"/retrain/jobs/{answer['job']}").json()
    assert job["state"] == "refused"
    (candidate,) = loop.get("/models").json()["candidates"]
    assert candidate["job"] == answer["job"]
    assert candidate["gate"] == job["result"]["gate"]
    for batch in batches:
        assert loop.client.delete(f"{loop.url}/dataset/batches/{batch}").status_code == 200
    classes = train.classes
    more = [position + 2000 for position in FRESH]
    upload(loop, more, [str(classes[position]) for position in more])
    answer = loop.post("/retrain?wait=true", json=ONE_EPOCH).json()
    assert answer["published"], answer
