"""Versions that do not serve: a few at a time, each loaded once however many ask, and let go of when nobody does."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from server.models.model import Model
from server.models.trial import Trials
from server.serving import shelf
from server.serving.shelf import Shelf
from server.settings import Settings
from server.store.errors import BrokenArtifact, NotFound
from server.store.memory import Memory
from server.web.errors import Busy
from server.web.threads import Threads
from tests.tiny import memory_in, publish_tiny

PICTURE = np.zeros((28, 28, 1), np.uint8)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    made = memory_in(tmp_path)
    for seed in range(4):
        publish_tiny(made, seed)
    yield made
    made.close()


class Counted(Trials):
    """Counts loads."""

    loads = 0

    def load(self, *arguments: Any) -> Model:
        self.loads += 1
        return super().load(*arguments)


def made(memory: Memory, seconds: float = 60.0) -> tuple[Shelf, Counted]:
    trials = Counted(20.0, 2**30, 32)
    settings = Settings(queue_timeout_seconds=seconds)
    return Shelf(settings, memory.versions, trials, Threads(4, 60.0)), trials


async def ask(kept: Shelf, version: str) -> str:
    async with kept.lend(version) as predictor:
        answer = await predictor.predict([PICTURE])
        return answer.results[0].model.version


def test_of_many_that_ask_one_loads(memory: Memory) -> None:
    async def run() -> None:
        kept, trials = made(memory)
        assert await asyncio.gather(*(ask(kept, "1") for _ in range(20))) == ["1"] * 20
        assert (trials.loads, kept.loaded) == (1, {"1"})
        kept.close()

    asyncio.run(run())


def test_the_one_that_was_used_longest_ago_makes_room_unless_it_is_lent(memory: Memory) -> None:
    async def run() -> None:
        kept, _ = made(memory)
        for version in ("1", "2", "1", "3"):
            await ask(kept, version)
        assert kept.loaded == {"1", "3"}
        async with kept.lend("1"), kept.lend("3"):
            with pytest.raises(Busy):
                await ask(kept, "2")
        assert await ask(kept, "2") == "2"
        kept.close()

    asyncio.run(run())


def test_what_nobody_asks_for_is_let_go_of(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        monkeypatch.setattr(shelf, "UNUSED_SECONDS", 0.0)
        kept, _ = made(memory)
        async with kept.lend("1"):
            await asyncio.sleep(0.05)
            assert kept.loaded == {"1"}
        deadline = time.monotonic() + 60
        while kept.loaded and time.monotonic() < deadline:  # noqa: ASYNC110 - that it is let go of is no event
            await asyncio.sleep(0.05)
        assert not kept.loaded
        assert await ask(kept, "1") == "1"
        kept.close()

    asyncio.run(run())


def test_what_can_not_be_loaded_is_tried_again_after_a_while(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        kept, trials = made(memory)
        monkeypatch.setattr(shelf, "FAILED_SECONDS", 0.0)
        for _ in range(3):
            with pytest.raises(NotFound):
                await ask(kept, "9")
        assert trials.loads == 0
        file = memory.versions.folder("1") / "model.onnx"
        whole = file.read_bytes()
        file.write_bytes(b"damaged")
        with pytest.raises(BrokenArtifact):
            await ask(kept, "1")
        file.write_bytes(whole)
        await asyncio.sleep(0.1)
        assert await ask(kept, "1") == "1"
        kept.close()

    asyncio.run(run())


def test_nobody_waits_for_ever(memory: Memory) -> None:
    async def run() -> None:
        kept, _ = made(memory, seconds=1e-9)
        with pytest.raises(Busy, match="being loaded"):
            await ask(kept, "1")
        kept.close()

    asyncio.run(run())
