"""What one worker answered comes to the day's sums: every minute and at its end, late where the database can't."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.observe import daily
from server.observe.answers import Said
from server.observe.daily import Daily
from server.store import engine
from server.store.days import DAY_SECONDS, Answered
from server.store.errors import Locked, Unavailable, Uncertain
from server.store.memory import Memory
from tests.opener import Opener

NEVER = 1e6  # seconds


@pytest.fixture
def memory(opener: Opener) -> Memory:
    return opener()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as made:
        yield made


def said(number: int, label: str = "7") -> Said:
    return Said(labels={label: Answered(number, number / 2, number, 1)})


def answers(memory: Memory) -> dict[int, int]:
    return {day.number: day.whole.answers for day in memory.days.newest(1000)}


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - what another thread does sets no event
            await asyncio.sleep(0.01)


def test_answers_are_stored_while_it_runs_and_at_its_end(memory: Memory, pool: ThreadPoolExecutor) -> None:
    async def run() -> None:
        worker = Daily(memory.days, pool, lambda: 7.5 * DAY_SECONDS, every_seconds=0.01)
        worker.start()
        worker.count_answers(said(2))
        await until(lambda: answers(memory) == {7: 2})  # a kill from here on loses none of these
        worker.count_answers(said(3))
        await worker.stop()

    asyncio.run(run())
    assert answers(memory) == {7: 5}
    assert memory.days.newest(1)[0].whole == Answered(5, 2.5, 5, 2)


def test_workers_are_added_up(opener: Opener, pool: ThreadPoolExecutor) -> None:
    async def run() -> None:
        workers = [Daily(opener().days, pool, lambda: 7.5 * DAY_SECONDS, NEVER) for _ in range(2)]
        for number, worker in enumerate(workers, 1):
            worker.start()
            worker.count_answers(said(number))
        for worker in workers:
            await worker.stop()

    asyncio.run(run())
    assert answers(opener()) == {7: 3}


def test_a_clock_that_is_set_back_loses_nothing(memory: Memory, pool: ThreadPoolExecutor) -> None:
    clock = iter([9.5, 7.5, 8.5, 7.5, -0.5])

    async def run() -> None:
        worker = Daily(memory.days, pool, lambda: next(clock) * DAY_SECONDS, NEVER)
        for _ in range(5):
            worker.count_answers(said(1))
        await worker.stop()

    asyncio.run(run())
    assert answers(memory) == {9: 1, 8: 1, 7: 2, -1: 1}


def test_a_locked_database_has_the_answers_later(
    opener: Opener, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "WAIT_SECONDS", 0.1)
    memory, other = opener.ready(), opener.ready()
    add, refused = memory.days.add, []

    def attempt(answered: Mapping[tuple[int, str], Answered]) -> None:
        try:
            add(answered)
        except Locked:
            refused.append(answered)
            raise

    async def run() -> None:
        monkeypatch.setattr(memory.days, "add", attempt)
        worker = Daily(memory.days, pool, lambda: 7.5 * DAY_SECONDS, every_seconds=0.01)
        worker.start()
        with other.database.write():
            worker.count_answers(said(2))
            await until(lambda: len(refused) > 0)
            worker.count_answers(said(3))
            await until(lambda: len(refused) > 2)
        await until(lambda: answers(other) == {7: 5})
        await worker.stop()

    asyncio.run(run())
    assert answers(memory) == {7: 5}


@pytest.mark.parametrize("error", [Unavailable, Uncertain])
def test_what_cannot_be_stored_waits(
    memory: Memory, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    add, attempts = memory.days.add, []

    def fail(_: object) -> None:
        attempts.append(1)
        raise error("no")

    async def run() -> None:
        worker = Daily(memory.days, pool, lambda: 7.5 * DAY_SECONDS, every_seconds=0.01)
        worker.start()
        worker.count_answers(said(2))
        monkeypatch.setattr(memory.days, "add", fail)
        await until(lambda: len(attempts) > 2)
        worker.count_answers(said(3))
        monkeypatch.setattr(memory.days, "add", add)
        await until(lambda: answers(memory) == {7: 5})
        await worker.stop()

    asyncio.run(run())
    assert answers(memory) == {7: 5}


def test_what_waits_is_bounded(memory: Memory, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily, "WAITING_LIMIT", 3)

    async def run() -> None:
        worker = Daily(memory.days, pool, lambda: 7.5 * DAY_SECONDS, NEVER)
        for label in "abcdcb":
            worker.count_answers(said(1, label))
        await worker.stop()

    asyncio.run(run())
    assert {label: each.answers for label, each in memory.days.newest(1)[0].labels.items()} == {"b": 2, "c": 2, "d": 1}


def test_nothing_is_written_where_nothing_was_said(pool: ThreadPoolExecutor) -> None:
    async def run() -> None:
        await Daily(None, pool).stop()  # type: ignore[arg-type]  # which is not asked

    asyncio.run(run())
