"""What a request brings that takes long waits in a queue that is bounded in requests and in time."""

import asyncio
import threading
from collections.abc import Callable, Coroutine

import pytest

from server.web.errors import Busy
from server.web.threads import NUMBER, Threads


def run(work: Callable[[Threads], Coroutine[None, None, None]], queue_limit: int = 2, seconds: float = 30) -> None:
    async def main() -> None:
        threads = Threads(queue_limit, seconds)
        try:
            await work(threads)
        finally:
            threads.close()

    asyncio.run(main())


async def started(threads: Threads, work: Callable[[], object]) -> "asyncio.Task[object]":
    async def one() -> object:
        with threads.place():
            return await threads.run(work)

    task = asyncio.create_task(one())
    await asyncio.sleep(0)
    return task


def test_as_many_may_wait_as_the_limit_says_and_one_more_is_refused_at_once() -> None:
    go = threading.Event()

    async def work(threads: Threads) -> None:
        tasks = [await started(threads, go.wait) for _ in range(NUMBER + 2)]
        assert threads.waiting == 2
        with pytest.raises(Busy, match="only 2 requests"), threads.place():
            go.set()
        go.set()
        assert await asyncio.gather(*tasks) == [True] * (NUMBER + 2)
        assert threads.waiting == 0
        with threads.place():
            assert await threads.run(threading.get_ident) != threading.get_ident()

    run(work)


def test_whoever_waits_too_long_is_refused_and_the_next_is_served() -> None:
    go = threading.Event()

    async def work(threads: Threads) -> None:
        tasks = [await started(threads, lambda: go.wait(5)) for _ in range(NUMBER)]
        with pytest.raises(Busy, match="waited over"):
            await (await started(threads, lambda: go.wait(5)))
        go.set()
        await asyncio.gather(*tasks)
        assert await (await started(threads, lambda: 7)) == 7

    run(work, seconds=0.05)


def test_what_fails_frees_its_thread_and_its_place() -> None:
    async def work(threads: Threads) -> None:
        for _ in range(3 * NUMBER):
            with pytest.raises(ZeroDivisionError):
                await (await started(threads, lambda: 1 / 0))
        assert await (await started(threads, lambda: 7)) == 7

    run(work, queue_limit=1)


def test_a_thread_whose_caller_left_is_not_given_away_before_it_is_free() -> None:
    go, begun, running = threading.Event(), threading.Semaphore(0), []

    def busy() -> None:
        running.append(1)
        begun.release()
        assert len(running) <= NUMBER
        go.wait()
        running.pop()

    async def work(threads: Threads) -> None:
        tasks = [await started(threads, busy) for _ in range(NUMBER)]
        for _ in tasks:
            await asyncio.to_thread(begun.acquire)
        tasks[0].cancel()
        later = await started(threads, busy)
        await asyncio.sleep(0.01)
        assert not later.done()
        go.set()
        await asyncio.gather(*tasks[1:], later)

    run(work)


def test_who_comes_after_a_caller_that_left_waits_no_longer_than_others() -> None:
    go = threading.Event()

    async def work(threads: Threads) -> None:
        tasks = [await started(threads, lambda: go.wait(5)) for _ in range(NUMBER)]
        await asyncio.sleep(0.01)
        tasks[0].cancel()
        with pytest.raises(Busy, match="waited over"):
            await (await started(threads, lambda: go.wait(5)))
        go.set()
        await asyncio.gather(*tasks[1:])

    run(work, seconds=0.05)
