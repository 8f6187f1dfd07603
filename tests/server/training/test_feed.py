"""Whoever follows a job gets every event once and in order, then how it ended; and looks are shared."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from server.store import living
from server.store.errors import NotFound
from server.store.jobs import Glance
from server.store.lease import Lease, take
from server.store.memory import Memory
from server.store.outcome import outcome
from server.store.watch import Watch
from server.training import feed
from server.training.feed import KEPT_EVENTS, Feeds
from tests.tiny import memory_in


def leased(memory: Memory) -> Lease:
    job = memory.jobs.create({}, "a test", {}).job
    lease = take(memory.database, job, living.own(), living.Heartbeats())
    assert lease is not None
    return lease


def with_feeds(memory: Memory, work: Callable[[Feeds, Watch, asyncio.Event], Awaitable[None]]) -> None:
    async def run() -> None:
        with ThreadPoolExecutor(2) as executor:
            watch, stopping = Watch(memory.changes(), executor), asyncio.Event()
            watch.start()
            async with asyncio.timeout(60):
                await work(Feeds(memory.jobs, watch, executor, stopping), watch, stopping)
            await watch.stop()

    asyncio.run(run())


async def all_of(feeds: Feeds, job: str, last: int = 0) -> list[int | Glance]:
    """The numbers of what a follower gets, and the end."""
    found: list[int | Glance] = []
    async for each in feeds.follow(job, last):
        found += [each] if isinstance(each, Glance) else [number for number, _ in each]
    return found


@pytest.mark.parametrize("count", [0, 1, KEPT_EVENTS, 5 * KEPT_EVENTS])
def test_who_comes_late_gets_all_that_was(tmp_path: Path, count: int) -> None:
    memory = memory_in(tmp_path)
    lease = leased(memory)
    for number in range(count):
        lease.tell("training", {"step": number})
    lease.end(outcome("failed"))

    async def work(feeds: Feeds, _: Watch, __: asyncio.Event) -> None:
        end = Glance("failed", count, outcome("failed"))
        for last in {0, count // 2, count}:
            assert await all_of(feeds, lease.job, last) == [*range(last + 1, count + 1), end]

    with_feeds(memory, work)


def test_followers_from_any_event_on_get_the_same_while_it_goes(tmp_path: Path) -> None:
    memory, runner = memory_in(tmp_path), memory_in(tmp_path)
    lease = leased(runner)

    def tell_all() -> None:
        for number in range(2 * KEPT_EVENTS):
            lease.tell("training", {"step": number})
        lease.end(outcome("published", "1"))

    async def work(feeds: Feeds, _: Watch, __: asyncio.Event) -> None:
        followers = [asyncio.create_task(all_of(feeds, lease.job, last)) for last in (0, 0, 7, KEPT_EVENTS)]
        await asyncio.to_thread(tell_all)
        end = Glance("published", 2 * KEPT_EVENTS, outcome("published", "1"))
        for last, follower in zip((0, 0, 7, KEPT_EVENTS), followers, strict=True):
            assert await follower == [*range(last + 1, 2 * KEPT_EVENTS + 1), end]

    with_feeds(memory, work)


def test_a_hundred_followers_cost_the_looks_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory, runner = memory_in(tmp_path), memory_in(tmp_path)
    lease = leased(runner)
    looks: list[str] = []
    glance = memory.jobs.glance

    def counted(job: str) -> Glance:
        looks.append(job)
        return glance(job)

    monkeypatch.setattr(memory.jobs, "glance", counted)

    async def work(feeds: Feeds, watch: Watch, _: asyncio.Event) -> None:
        followers = [asyncio.create_task(all_of(feeds, lease.job)) for _ in range(100)]
        for number in range(3):
            turn = watch.turn()
            await asyncio.to_thread(lease.tell, "training", {"step": number})
            await watch.wait(turn)
        await asyncio.to_thread(lease.end, outcome("failed"))
        for follower in followers:
            assert (await follower)[:3] == [1, 2, 3]
        assert len(looks) <= 6  # at first, after the watch's own first look, and once a change

    with_feeds(memory, work)


def test_a_service_that_stops_lets_its_followers_go(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    lease = leased(memory)
    lease.tell("training", {})

    async def work(feeds: Feeds, watch: Watch, stopping: asyncio.Event) -> None:
        follower = asyncio.create_task(all_of(feeds, lease.job))
        stopping.set()
        watch.tell()
        assert await follower == [1]

    with_feeds(memory, work)


def test_a_job_that_there_is_not_is_said(tmp_path: Path) -> None:
    async def work(feeds: Feeds, _: Watch, __: asyncio.Event) -> None:
        with pytest.raises(NotFound):
            await all_of(feeds, "7")

    with_feeds(memory_in(tmp_path), work)


@pytest.mark.parametrize("busy", [False, True])
def test_followers_hear_from_us_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, busy: bool) -> None:
    monkeypatch.setattr(feed, "SILENCE_SECONDS", 1.0)
    memory, other = memory_in(tmp_path), memory_in(tmp_path)
    job = memory.jobs.create({}, "a test", {}).job
    over = threading.Event()

    def beat() -> None:
        while not over.wait(0.02):
            other.workers.join("0")  # a change that is none of this job

    beating = threading.Thread(target=beat)

    async def work(feeds: Feeds, _: Watch, __: asyncio.Event) -> None:
        follower = feeds.follow(job)
        async for each in follower:
            if each == []:
                break
        await follower.aclose()  # type: ignore[attr-defined]

    if busy:
        beating.start()
    try:
        with_feeds(memory, work)
    finally:
        over.set()
        if busy:
            beating.join()
    memory.close()
    other.close()
