"""Background work starts, is ended in the middle, and takes nothing with it."""

import asyncio

from server.machine.background import Background


def test_work_that_is_stopped_has_cleaned_up_by_then() -> None:
    events: list[str] = []

    async def work() -> None:
        events.append("begun")
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.01)
            events.append("cleaned up")

    async def run() -> None:
        background = Background(work)
        background.start()
        await asyncio.sleep(0.01)
        assert events == ["begun"]
        await background.stop()
        assert events == ["begun", "cleaned up"]

    asyncio.run(run())


def test_a_stop_bears_work_that_never_started_and_work_that_failed() -> None:
    async def work() -> None:
        raise OSError("no room")

    async def run() -> None:
        background = Background(work)
        await background.stop()
        background.start()
        await asyncio.sleep(0.01)
        await background.stop()

    asyncio.run(run())
