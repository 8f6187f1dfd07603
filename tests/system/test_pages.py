"""Lists come in pages, newest first, and following `next` shows each entry once."""

from pathlib import Path
from typing import Any

import pytest

from tests.digits import Digits
from tests.live import ROOT, LiveServer
from tests.tiny import memory_in, publish_tiny


def walk(server: LiveServer, path: str, name: str, limit: int, **only: str) -> list[dict[str, Any]]:
    """Every entry of a list, page by page; each page but the last must be full."""
    found: list[dict[str, Any]] = []
    query: dict[str, str | int] = {"limit": limit, **only}
    while True:
        content = server.get(path, params=query).json()
        found += content[name]
        if content["next"] is None:
            return found
        assert len(content[name]) == limit
        query["before"] = content["next"]


@pytest.fixture(scope="module")
def full(server: LiveServer, digits: Digits) -> LiveServer:
    """With three versions, and four uploads of which one was undone and one is doubted."""
    for first in (0, 2, 4):
        files = [(f"{position}.png", digits.png(position)) for position in (first, first + 1)]
        server.upload(files, [str(digits.classes[position]) for position in (first, first + 1)])
    server.client.delete(server.url + "/dataset/batches/2")
    server.upload([("slip.png", digits.png(0))], [str((digits.classes[0] + 1) % 10)])
    memory = memory_in(Path(server.folder), baseline=ROOT / "artifacts/baseline")
    for seed in range(3):
        publish_tiny(memory, seed)
    return server


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_batches_and_versions(full: LiveServer, limit: int) -> None:
    assert [each["batch"] for each in walk(full, "/dataset/batches", "batches", limit)] == ["4", "3", "1"]
    assert [each["version"] for each in walk(full, "/models", "models", limit)] == ["3", "2", "1", "0"]


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_images_all_or_of_a_label_or_split(full: LiveServer, digits: Digits, limit: int) -> None:
    images = walk(full, "/dataset/images", "images", limit)
    assert [each["label"] for each in images] == [str(digits.classes[position]) for position in (5, 4, 1, 0)]
    assert [each["batch"] for each in images] == ["3", "3", "1", "1"]
    for split in ("train", "test"):
        of_split = walk(full, "/dataset/images", "images", limit, split=split)
        assert of_split == [each for each in images if each["split"] == split]
    of_label = walk(full, "/dataset/images", "images", limit, label=str(digits.classes[4]))
    assert of_label == [images[1]]
    (suspect,) = walk(full, "/dataset/images", "images", limit, split="suspect")
    assert (suspect["sha256"], suspect["suspect"]["in_force"]) == (images[3]["sha256"], str(digits.classes[0]))


def test_the_overview_counts_all(full: LiveServer) -> None:
    overview = full.get("/dataset").json()
    assert (overview["count"], overview["batches_count"], overview["suspects_count"]) == (4, 3, 1)
    assert [each["batch"] for each in overview["batches"]] == ["4", "3", "1"]
