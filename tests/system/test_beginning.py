"""From nothing to a served model: an empty folder, two classes, pictures drawn here, no restart; and no other model."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.digits import encoded
from tests.faults.stage import eventually, sharing
from tests.live import TRAINING_SECONDS, LiveServer

CLASSES = ("apple tree", "ring")
SIDE = 40


def drawn(label: str, random: np.random.Generator) -> bytes:
    """A green tree that fills its picture's middle, or a thin red ring, on paper that is nowhere quite the same."""
    image = Image.fromarray(random.integers(215, 256, (SIDE, SIDE, 3), np.uint8))
    left, top = (int(each) for each in random.integers(4, 10, 2))
    box, draw = (left, top, left + 25, top + 25), ImageDraw.Draw(image)
    if label == "ring":
        draw.ellipse(box, outline=(200, 30, 30), width=int(random.integers(2, 4)))
    else:
        draw.rectangle(box, fill=(20, int(random.integers(90, 140)), 30))
    return encoded(image, "PNG")


def some(label: str, count: int, seed: int) -> list[tuple[str, bytes]]:
    random = np.random.default_rng([seed, len(label)])
    return [(f"{label} {number}.png", drawn(label, random)) for number in range(count)]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder: Path = tmp_path_factory.mktemp("nothing")
    with LiveServer(folder, "--labels", ",".join(CLASSES), environment=sharing(folder / "stage")) as server:
        yield server


@pytest.mark.long(seconds=25)
def test_two_classes_are_taught_by_uploads_alone_and_served(live: LiveServer) -> None:
    picture, default = some("ring", 1, 9)[0][1], live.url
    assert live.post("/m", json={"name": "sorts", "classes": CLASSES}).status_code == 201
    for name, live.url in (("pictures", default), ("sorts", f"{default}/m/sorts")):
        answer = live.predict(picture)
        assert (answer.status_code, answer.json()["code"]) == (503, "no_model")
        assert f"there is no version of '{name}' yet: upload pictures of each class" in answer.json()["error"]
        health = live.get("/health").json()
        assert (health["model_version"], health["labels"]) == (None, list(CLASSES))
        assert live.get("/dataset").json()["labels"] == list(CLASSES)

    assert live.upload([("a.png", picture)], ["tree"]).json()["code"] == "unusable_label"
    assert live.upload(some("ring", 12, 1), ["ring"] * 12).json()["count"] == 12
    assert live.upload(some("apple tree", 4, 1), ["apple tree"] * 4).json()["suspects"] == []
    needed = "8 more of 'apple tree' and a version can be trained"
    overview = live.get("/dataset").json()
    assert (overview["lacking"], overview["advice"]) == ({"apple tree": 8}, needed)
    early = live.post("/retrain", json={"force": True})
    assert (early.status_code, early.json()["code"]) == (409, "too_few_images")
    assert needed in early.json()["error"]
    assert live.get("/retrain/jobs").json()["jobs"] == []

    for label in CLASSES:
        assert live.upload(some(label, 28, 2), [label] * 28).json()["count"] == 28
    assert live.get("/dataset").json()["advice"] is None
    started = live.post("/retrain", json={"epochs": 4})
    assert started.status_code == 202, started.text
    job = f"/retrain/jobs/{started.json()['job']}"
    assert started.headers["Location"] == f"/m/sorts{job}"
    result = eventually(lambda: live.get(job).json()["result"], "the end of the job", TRAINING_SECONDS)
    assert result["state"] == "published", result
    assert result["gate"]["accuracy"]["images"] == 11  # a sixth of 40 and of 32

    eventually(lambda: live.get("/health").json()["model_version"] == "1", "the take-over")
    said = [live.predict(data).json()["label"] == label for label in CLASSES for _, data in some(label, 10, 3)]
    assert sum(said) >= 18
    report = live.get("/models/1").json()["report"]
    assert report["training"]["recipe"]["channels"] == 3
    parts = {part: sum(of.values()) for part, of in report["dataset"].items() if of}
    assert parts == {"fit": 39, "validation": 11, "gate": 11, "test": 11}

    live.url = default
    assert (live.predict(picture).status_code, live.get("/models").json()["models"]) == (503, [])
    assert live.get("/dataset").json()["count"] == 0
