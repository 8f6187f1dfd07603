"""A server that is killed while it stores or promotes: what it acknowledged is there once, and nothing else is.

At the steps that differ most; at every one, without HTTP: test_crash_points.py.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from server.store.content import picture_path
from server.store.memory import Memory
from tests.digits import Digits
from tests.faults.stage import Stage, eventually
from tests.live import ROOT, LiveServer
from tests.tiny import memory_in, publish_tiny


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[tuple[LiveServer, Stage]]:
    stage = Stage(tmp_path / "stage")
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    publish_tiny(memory, 1)
    publish_tiny(memory, 2)
    memory.close()
    with LiveServer(tmp_path, environment=stage.environment) as server:
        yield server, stage


def test_a_server_that_is_killed_has_stored_what_it_said_and_is_whole(
    staged: tuple[LiveServer, Stage], digits: Digits
) -> None:
    server, stage = staged
    memory = memory_in(server.folder)
    first = [(f"{each}.png", digits.png(each)) for each in range(150)]
    labels = [str(digits.classes[each]) for each in range(150)]
    assert server.upload(first[:20], labels[:20], source="correction").json()["count"] == 20

    def killed_at(step: str, call: Callable[[], httpx.Response]) -> None:
        stage.stop_at(step)
        with pytest.raises(httpx.TransportError):
            _killed_meanwhile(server, stage, call)
        server.stop()
        stage.go()
        server.start()

    for step, count in (("writing pictures", 20), ("upload before commit", 20), ("uploaded", 150)):
        killed_at(step, lambda: server.upload(first, labels, source="correction"))
        assert server.get("/dataset").json()["count"] == count, step
        eventually(lambda: files_below(server.data) == named(memory), f"a sweep after {step}")
    assert server.upload(first, labels, source="correction").json()["count"] == 0
    killed_at("promoted", lambda: server.post("/models/1/promote"))
    assert server.get("/models").json()["current"] == "1"
    assert server.predict(digits.png(0)).json()["model_version"] == "1"
    memory.close()


def _killed_meanwhile(server: LiveServer, stage: Stage, call: Callable[[], httpx.Response]) -> None:
    def kill() -> None:
        os.kill(stage.reached(), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        call()
    finally:
        killer.join()


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def named(memory: Memory) -> list[str]:
    return sorted(picture_path(each.sha256) for each in memory.browser.page(1000).pictures)
