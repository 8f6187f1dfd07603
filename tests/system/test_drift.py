"""A server notices that the world has moved, says so everywhere, and begins anew when somebody has seen it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.digits import Digits, png_of
from tests.faults.stage import eventually
from tests.live import LiveServer

CLEAN, THIN = 400, 600


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    flags = ("--trainer", "none", "--workers", "2", "--collect", "--collect-share", "1")
    with LiveServer(tmp_path_factory.mktemp("moving"), *flags) as server:
        yield server


def drift(live: LiveServer) -> dict[str, Any]:
    found: dict[str, Any] = live.get("/drift").json()
    return found


def predict(live: LiveServer, images: NDArray[np.uint8]) -> None:
    files = [("files", (f"{number}.png", png_of(image))) for number, image in enumerate(images)]
    live.post("/predict/batch", files=files).raise_for_status()


def thinned(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """As a pen half as wide writes it."""
    return np.minimum(image, np.roll(image, 1, axis=1))


def test_a_thinner_pen_raises_one_alarm_that_is_closed_by_somebody(live: LiveServer, digits: Digits) -> None:
    eventually(lambda: drift(live)["watching"], "the watch")
    images = np.random.default_rng(1).permutation(digits.images)  # which in their order are of few hands at a time
    predict(live, images[:CLEAN])
    told = eventually(lambda: (told := drift(live)).get("answers") == CLEAN and told, "answers like those before")
    assert (told["alarm"], told["model_version"], told["false_alarm_requests"]) == (None, "0", 100_000)
    assert 0 < told["distance"] < told["threshold"]
    watched = {"watching": True, "reason": None, "alarm": None}
    eventually(lambda: live.get("/health").json()["drift"] == watched, "the same in /health")

    predict(live, np.array([thinned(image) for image in images[:THIN]]))
    alarm = eventually(lambda: drift(live)["alarm"], "an alarm")
    assert (alarm["version"], alarm["statistic"], alarm["moved"][0]["of"]) == ("0", "ink", "ink")
    assert alarm["moved"][0]["now"] > alarm["moved"][0]["reference"]
    health = eventually(lambda: (told := live.get("/health").json())["drift"]["alarm"] and told, "a word of it")
    assert (health["status"], health["problems"]) == ("healthy", [])
    assert health["drift"]["alarm"]["id"] == alarm["id"]
    eventually(lambda: "relearn_drift_alarm 1.0" in live.get("/metrics").text, "a figure of it")
    samples = eventually(lambda: live.get(f"/drift/alarms/{alarm['id']}").json()["samples"], "pictures that show it")
    assert live.get(f"/samples/{samples[0]}/picture").status_code == 200

    closed = f"/drift/alarms/{alarm['id']}/close"
    assert live.post(closed).status_code == 200
    assert live.post(closed).status_code == 409
    eventually(lambda: drift(live)["alarm"] is None and drift(live)["answers"] == 0, "a watch that begins anew")


@pytest.mark.parametrize("number", ["99", "x", "-1", "9" * 30])
def test_an_alarm_that_there_is_not_gets_404(live: LiveServer, number: str) -> None:
    assert live.get(f"/drift/alarms/{number}").status_code == 404
    assert live.post(f"/drift/alarms/{number}/close").status_code in (404, 409)
