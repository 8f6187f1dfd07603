"""A worker's row says what it serves, and comes back where somebody took it for dead."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from server.serving.presence import Presence, all_serve
from tests.tiny import memory_in


def test_a_worker_that_was_taken_for_dead_joins_again(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)

    async def run() -> None:
        with ThreadPoolExecutor(1) as executor:
            presence = Presence(memory.workers, executor, lambda: "0", lambda *_: None)
            await presence.begin()
            before = presence._row
            assert before is not None
            memory.workers.leave(before)
            await presence._note()
            assert presence._row not in (None, before)
            assert memory.workers.all_serve("0")
            await presence.end()

    asyncio.run(run())
    memory.close()


def test_a_version_that_the_pointer_left_is_not_swapped_in(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    swapped: list[str] = []

    async def run() -> None:
        with ThreadPoolExecutor(1) as executor:
            presence = Presence(memory.workers, executor, lambda: "0", lambda *_: None)
            await presence.begin()
            for version in ("1", "0"):
                is_there = await presence.take_over(version, partial(swapped.append, version))
                assert is_there == (version == "0")
            await presence.end()

    asyncio.run(run())
    assert swapped == ["0"]
    memory.close()


def test_nobody_waits_for_a_version_that_is_current_no_more(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    memory.workers.join("0")

    async def run() -> None:
        async with asyncio.timeout(60):
            assert not await all_serve(memory.workers, memory.pointer, "1", 600)
            assert await all_serve(memory.workers, memory.pointer, "0", 600)

    asyncio.run(run())
    memory.close()
