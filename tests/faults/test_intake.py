"""What comes in: text that no database holds, a large upload beside small ones, lost files, folders that are shared."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.digits import Digits, png_of
from tests.faults.stage import Stage, eventually
from tests.live import PLAIN, ROOT, LiveServer
from tests.tiny import memory_in, publish_tiny


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, Stage]]:
    folder = tmp_path_factory.mktemp("intake")
    stage = Stage(folder / "stage")
    memory = memory_in(folder, baseline=ROOT / "artifacts/baseline")
    for seed in (1, 2):
        publish_tiny(memory, seed)
    memory.close()
    with LiveServer(folder, environment=stage.environment) as server:
        yield server, stage


@pytest.mark.parametrize("text", ["\\ud800", "\\udc00 \\ud800", "\\u0000", "before\\u0000after"])
def test_text_that_can_not_be_written_down_is_refused_and_nothing_moves(
    staged: tuple[LiveServer, Stage], text: str
) -> None:
    server, _ = staged
    for name in ("reason", text):
        body = f'{{"{name}": "{text}"}}'.encode()
        answer = server.post("/models/1/promote", content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    listed = server.get("/models")
    assert (listed.status_code, listed.json()["current"]) == (200, "2")


def test_who_sends_little_is_done_while_a_large_upload_is_still_written(
    staged: tuple[LiveServer, Stage], digits: Digits
) -> None:
    """The large one stands still between its claim and its transaction: nobody else may wait for it."""
    server, stage = staged
    done: list[str] = []
    before = server.get("/dataset").json()["count"]

    def large() -> None:
        files = [("files", (f"{each}.png", digits.png(each), "image/png")) for each in range(1000, 1500)]
        data = {"labels": [str(digits.classes[each]) for each in range(1000, 1500)], "source": "correction"}
        answer = httpx.post(server.url + "/upload", files=files, data=data, **PLAIN, timeout=60)
        assert (answer.status_code, answer.json()["count"]) == (201, 500 - 1)
        done.append("large")

    stage.stop_at("writing pictures")
    sender = threading.Thread(target=large)
    sender.start()
    stage.reached()
    for position in (0, 1, 1000):  # the last is also in the large one
        data, label = digits.png(position), str(digits.classes[position])
        assert server.upload([("a.png", data)], [label], source="correction").json()["count"] == 1
    assert server.upload([("a.png", digits.png(0))], ["1"], source="correction").json()["count"] == 1
    sha256 = server.get("/dataset/images?label=1").json()["images"][0]["sha256"]
    assert server.client.delete(f"{server.url}/dataset/images/{sha256}").status_code == 200
    assert server.get("/dataset").json()["count"] == before + 2
    assert server.post("/models/2/promote").status_code == 200
    done.append("small")
    stage.go()
    sender.join()
    assert done == ["small", "large"]
    assert server.get("/dataset").json()["count"] == before + 2 + 499


def test_a_lost_picture_is_said_and_stops_nothing(staged: tuple[LiveServer, Stage], digits: Digits) -> None:
    server, _ = staged
    batch = server.upload([("a.png", digits.png(7000))], [str(digits.classes[7000])], source="correction").json()
    assert batch["count"] == 1
    image = server.get("/dataset/images?limit=1").json()["images"][0]
    path = server.data / image["split"] / image["sha256"][:2] / f"{image['sha256']}.png"
    whole = path.read_bytes()
    path.unlink()
    answer = server.get(f"/dataset/images/{image['sha256']}")
    assert answer.status_code == 500
    assert "is lost" in answer.json()["error"]
    assert server.get("/dataset").status_code == server.get("/dataset/images").status_code == 200
    for position in (7001, 7000):  # a new one, and the lost one again, which brings its file back
        data, label = digits.png(position), str(digits.classes[position])
        assert server.upload([("a.png", data)], [label], source="correction").status_code == 201
    assert path.read_bytes() == whole
    assert server.get(f"/dataset/images/{image['sha256']}").content == whole


def test_pictures_of_somebody_elses_in_the_folder_of_uploads_are_left_alone(
    tmp_path: Path, digits: Digits, random: np.random.Generator
) -> None:
    """--data and --dataset name one folder: what lies there was not written by us, whatever its name looks like."""
    theirs: dict[Path, bytes] = {}
    for number in range(350):
        half, label = ("train", "test")[number % 2], str(number % 10)
        name = [f"{number}.png", f"{number:064x}.png", f".tmp-{number}.png-1-1-1"][number % 3]
        folder = f"{number % 256:02x}" if number % 5 == 0 else label
        path = tmp_path / "data" / half / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png_of(random.integers(0, 256, (28, 28), np.uint8)))
        theirs[path] = path.read_bytes()
    assert len(theirs) == 350
    shared = ("--dataset", str(tmp_path / "data"))
    with LiveServer(tmp_path, *shared) as server:
        files = [(f"{each}.png", digits.png(each)) for each in range(20)]
        labels = [str(digits.classes[each]) for each in range(20)]
        batch = server.upload(files, labels, source="correction").json()["batch"]
        image = server.get("/dataset/images").json()["images"][0]["sha256"]
        assert server.client.delete(f"{server.url}/dataset/images/{image}").status_code == 200
        assert server.client.delete(f"{server.url}/dataset/batches/{batch}").status_code == 200
        server.stop()
        server.start()
        memory = memory_in(tmp_path)
        memory.content.sweep()
        memory.close()
        assert server.get("/dataset").json()["count"] == 0
        eventually(lambda: stray(server.data, theirs) == [], "a sweep of ours")
    assert {path: path.read_bytes() for path in theirs} == theirs


def stray(folder: Path, known: dict[Path, bytes]) -> list[str]:
    return [os.fspath(path) for path in folder.rglob("*") if path.is_file() and path not in known]
