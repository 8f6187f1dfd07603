"""What the model answered is known day by day: of all workers together, over a restart, and without anybody's wait."""

from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.digits import Digits
from tests.live import PLAIN, LiveServer


@pytest.mark.long(seconds=4)
def test_the_days_are_of_all_workers_and_outlive_them(tmp_path: Path, digits: Digits) -> None:
    said: Counter[str] = Counter()
    with LiveServer(tmp_path, "--workers", "2", "--trainer", "none") as server:
        assert days(server) == []
        for many in (30, 10):
            for position in range(many):
                with httpx.Client(**PLAIN, timeout=60) as client:  # a new connection, for either worker
                    file = {"file": ("a.png", digits.png(position))}
                    said[client.post(f"{server.url}/predict", files=file).json()["label"]] += 1
            server.stop()
            server.start()
            told: Counter[str] = Counter()
            for day in days(server):  # two of them at midnight
                assert day["answers"] == day["judged"] == sum(each["answers"] for each in day["labels"])
                assert 0.5 < day["confidence"] <= 1
                assert 0 <= day["unfamiliar"] <= 1
                told.update({each["label"]: each["answers"] for each in day["labels"]})
            assert told == said


def days(server: LiveServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get("/stats/days").json()["days"]
    return found
