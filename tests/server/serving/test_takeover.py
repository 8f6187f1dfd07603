"""A version that could not be loaded is said, and tried again without another move."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from server.models.trial import Trials
from server.serving.takeover import Serving
from server.store.watch import Watch
from tests.tiny import memory_in, publish_tiny

PATIENCE_SECONDS = 20.0  # a bound for a slow machine


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)


async def nothing(version: str) -> None:
    """Nobody waits for it."""


def test_a_load_that_failed_is_said_and_tried_again(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    publish_tiny(memory)

    async def run() -> None:
        with ThreadPoolExecutor(1) as executor:
            watch = Watch(memory.changes(), executor)
            trials = Trials(20.0, 2**30, 8)
            serving = Serving(memory.pointer, memory.versions, memory.workers, watch, trials, lambda _: None, nothing)
            await serving.start()
            assert serving.model is not None
            file = memory.versions.folder(publish_tiny(memory, 1)) / "model.onnx"
            whole = file.read_bytes()
            file.write_bytes(whole[:-1])
            watch.start()
            try:
                await until(lambda: "could not take over version 2, still serving 1" in (serving.problem or ""))
                file.write_bytes(whole)
                await until(lambda: serving.model is not None and serving.model.version == "2")
                await until(lambda: serving.problem is None)
            finally:
                await serving.stop()
                await watch.stop()

    asyncio.run(run())
    memory.close()
