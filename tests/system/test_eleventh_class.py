"""An eleventh class is learnt from forty uploads, another is renamed and one removed, by one retrain of what serves."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.digits import SMALL_GATE_MARGIN, Digits, encoded, write_small_mnist
from tests.faults.stage import eventually, sharing
from tests.live import TRAINING_SECONDS, LiveServer

NONE = "none of these"
NOW = ("zero", "1", "2", "3", "4", "5", "6", "7", "9", NONE)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder: Path = tmp_path_factory.mktemp("eleventh")
    write_small_mnist(folder / "set", 2000, 300)
    flags = (
        "--dataset",
        str(folder / "set"),
        "--gate-accuracy-margin",
        SMALL_GATE_MARGIN,
        "--queue-timeout-seconds",
        "60",
    )
    with LiveServer(folder, *flags, environment=sharing(folder / "stage")) as server:
        yield server


def grids(count: int, seed: int) -> list[tuple[str, bytes]]:
    """Nets of lines, which are no digit."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        image = Image.new("L", (28, 28))
        draw = ImageDraw.Draw(image)
        for _ in range(3):
            across, down = (int(each) for each in random.integers(3, 25, 2))
            draw.line((4, across, 23, across), int(random.integers(160, 256)), 2)
            draw.line((down, 4, down, 23), int(random.integers(160, 256)), 2)
        made.append((f"{number}.png", encoded(image, "PNG")))
    return made


@pytest.mark.long(seconds=25)
def test_it_is_learnt_and_swapped_in_with_its_labels(live: LiveServer, digits: Digits) -> None:
    changes = {"add": NONE}, {"rename": "0", "to": "zero"}, {"remove": "8"}, {"remove": "3"}
    batches = [live.post("/classes", json=change).json()["batch"] for change in changes]
    assert live.client.delete(f"{live.url}/dataset/batches/{batches[-1]}").status_code == 200
    assert live.get("/dataset").json()["labels"] == list(NOW)
    assert live.upload(grids(40, 1), [NONE] * 40).json()["count"] == 40
    before = live.predict(digits.png(digits.of_class(0, 1)[0])).json()
    assert (before["label"], before["model_version"]) == ("0", "0")  # what serves answers as it learnt

    started = live.post("/retrain", json={"epochs": 2})
    assert started.status_code == 202, started.text
    job = started.headers["Location"]
    result = eventually(lambda: live.get(job).json()["result"], "the end of the job", TRAINING_SECONDS)
    assert result["state"] == "published", result
    checks = {check["name"]: check for check in result["gate"]["checks"]}
    assert checks[f"class {NONE} accuracy"]["images"] == 6
    assert "class zero change" in checks
    assert "class 8 change" not in checks
    eventually(lambda: live.get("/health").json()["model_version"] == "1", "the take-over")
    report = live.get("/models/1").json()["report"]
    assert report["training"]["warm_start"] == "0"

    said = [live.predict(data).json() for _, data in grids(20, 3)]
    assert sum(each["label"] == NONE for each in said) >= 17
    assert {len(each["probabilities"]) for each in said} == {len(NOW)}
    zeros = [live.predict(digits.png(position)).json() for position in digits.of_class(0, 20)]
    assert sum(each["label"] == "zero" for each in zeros) >= 18

    assert live.post("/models/0/promote").status_code == 200  # back to what knows other labels, and on again
    assert live.predict(digits.png(digits.of_class(8, 1)[0])).json()["label"] == "8"
    assert live.post("/models/1/promote").status_code == 200
    assert live.get("/health").json()["labels"] == list(NOW)
    assert live.get("/dataset").json()["labels"] == list(NOW)
