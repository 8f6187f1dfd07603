"""Every caller gets its own rows back, whatever else happens to the batch it was in."""

import asyncio
import threading
from collections.abc import Coroutine, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.serving.batcher import Batcher, QueueFull, QueueTimeout
from server.serving.caller import Rows

PATIENCE_SECONDS = 20.0  # a bound for a slow machine


def bounded(work: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(work, PATIENCE_SECONDS))


class Model:
    """Gives each row's sum, and remembers the sizes of its batches."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.threads: set[int] = set()

    def __call__(self, batch: np.ndarray) -> list[int]:
        self.sizes.append(len(batch))
        self.threads.add(threading.get_ident())
        return batch.sum(axis=1, dtype=int).tolist()  # type: ignore[no-any-return]


def batcher_of(
    run: Model, in_thread: bool = False, batch_limit: int = 8, queue_limit: int = 10_000, timeout_seconds: float = 60
) -> Batcher[int]:
    return Batcher(run, lambda: in_thread, batch_limit, queue_limit, timeout_seconds)


def rows_of(numbers: Sequence[int]) -> list[np.ndarray]:
    return [np.array([number % 256, number // 256], np.uint8) for number in numbers]


async def own_answers(batcher: Batcher[int], callers: list[list[int]], rows: Sequence[Rows], leavers: set[int]) -> None:
    """See that each caller has the answers for its numbers, of which these are the rows, or has left."""
    futures = [batcher.submit(each) for each in rows]
    for leaver in leavers & set(range(len(callers))):
        futures[leaver].cancel()
    answers = await asyncio.gather(*futures, return_exceptions=True)
    for number, (numbers, answer) in enumerate(zip(callers, answers, strict=True)):
        if number in leavers:
            assert isinstance(answer, asyncio.CancelledError)
        else:
            assert not isinstance(answer, BaseException)
            assert answer.results == [each % 256 + each // 256 for each in numbers]
    await asyncio.sleep(0)  # who waits for cancelled ones alone may be here before the queue was looked at
    assert batcher.waiting == 0
    batcher.close()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 65535), min_size=1, max_size=40), min_size=1, max_size=30),
    st.booleans(),
    st.sets(st.integers(0, 29)),
)
def test_answers_go_to_their_callers(callers: list[list[int]], in_thread: bool, leavers: set[int]) -> None:
    async def run() -> None:
        batcher = batcher_of(Model(), in_thread)
        await own_answers(batcher, callers, [rows_of(numbers) for numbers in callers], leavers)

    bounded(run())


def test_what_arrives_in_one_pass_is_one_batch() -> None:
    async def run() -> None:
        model = Model()
        batcher = batcher_of(model)
        await asyncio.gather(*(batcher.submit(rows_of([number])) for number in range(8)))
        assert model.sizes == [8]
        await batcher.submit(rows_of([1]))
        assert model.sizes == [8, 1]

    bounded(run())


def test_no_batch_is_larger_than_its_limit() -> None:
    async def run() -> None:
        model = Model()
        batcher = batcher_of(model, batch_limit=5)
        await asyncio.gather(*(batcher.submit(rows_of(range(7))) for _ in range(4)))
        assert max(model.sizes) == 5
        assert sum(model.sizes) == 28

    bounded(run())


def test_a_caller_with_many_rows_does_not_hold_up_the_others() -> None:
    async def run() -> None:
        model = Model()
        batcher = batcher_of(model, batch_limit=16)
        many = batcher.submit(rows_of(range(1000)))
        one = batcher.submit(rows_of([1]))
        await one
        assert not many.done()
        assert len(model.sizes) == 1
        assert (await many).results == [each % 256 + each // 256 for each in range(1000)]

    bounded(run())


def test_a_full_queue_refuses_at_once_and_takes_again_later() -> None:
    async def run() -> None:
        batcher = batcher_of(Model(), queue_limit=4)
        waiting = batcher.submit(rows_of(range(4)))
        with pytest.raises(QueueFull, match="only 4 images may wait"):
            batcher.submit(rows_of([1]))
        await waiting
        assert (await batcher.submit(rows_of([1]))).results == [1]

    bounded(run())


def test_a_stale_row_is_refused_and_the_next_answered() -> None:
    async def run() -> None:
        batcher = batcher_of(Model(), timeout_seconds=-1)
        with pytest.raises(QueueTimeout):
            await batcher.submit(rows_of([1]))
        batcher._timeout_seconds = 60
        assert (await batcher.submit(rows_of([1]))).results == [1]

    bounded(run())


@pytest.mark.parametrize("in_thread", [False, True])
def test_a_failing_batch_fails_its_callers_only(in_thread: bool) -> None:
    class Fails(Model):
        def __call__(self, batch: np.ndarray) -> list[int]:
            if batch[0, 0] == 13:
                raise ZeroDivisionError("thirteen")
            return super().__call__(batch)

    async def run() -> None:
        batcher = batcher_of(Fails(), in_thread)
        with pytest.raises(ZeroDivisionError):
            await batcher.submit(rows_of([13]))
        assert (await batcher.submit(rows_of([1]))).results == [1]
        batcher.close()

    bounded(run())


def test_the_loop_goes_on_while_a_batch_runs_in_the_thread() -> None:
    async def run() -> None:
        release = threading.Event()

        class Slow(Model):
            def __call__(self, batch: np.ndarray) -> list[int]:
                assert release.wait(PATIENCE_SECONDS)
                return super().__call__(batch)

        model = Slow()
        batcher = batcher_of(model, in_thread=True)
        first = batcher.submit(rows_of([1]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        later = [batcher.submit(rows_of([number])) for number in range(3)]
        assert batcher.waiting == 3
        release.set()
        assert (await first).results == [1]
        await asyncio.gather(*later)
        assert model.sizes == [1, 3]
        assert threading.get_ident() not in model.threads
        batcher.close()

    bounded(run())


def test_rows_of_another_shape_after_a_model_change_are_taken() -> None:
    async def run() -> None:
        batcher = batcher_of(Model())
        assert (await batcher.submit(rows_of([1]))).results == [1]
        assert (await batcher.submit([np.array([1, 2, 3], np.uint8)])).results == [6]

    bounded(run())


@pytest.mark.parametrize("in_thread", [False, True])
def test_the_rows_of_a_caller_that_left_are_not_run(in_thread: bool) -> None:
    async def run() -> None:
        model = Model()
        batcher = batcher_of(model, in_thread)
        left, stays = batcher.submit(rows_of(range(5))), batcher.submit(rows_of([1]))
        left.cancel()
        assert (await stays).results == [1]
        assert model.sizes == [1]
        assert batcher.waiting == 0
        batcher.close()

    bounded(run())


def test_a_caller_that_leaves_while_its_batch_runs_costs_the_others_nothing() -> None:
    async def run() -> None:
        begun, release = threading.Event(), threading.Event()

        class Slow(Model):
            def __call__(self, batch: np.ndarray) -> list[int]:
                begun.set()
                assert release.wait(PATIENCE_SECONDS)
                return super().__call__(batch)

        batcher = batcher_of(Slow(), in_thread=True)
        left, stays = batcher.submit(rows_of([1])), batcher.submit(rows_of([2]))
        await asyncio.to_thread(begun.wait, 30)
        left.cancel()
        release.set()
        async with asyncio.timeout(20):
            assert (await stays).results == [2]
            assert (await batcher.submit(rows_of([3]))).results == [3]
        batcher.close()

    bounded(run())


class Blocks:
    """Runs blocks as Model does batches, and remembers them."""

    def __init__(self, model: Model, limit: int = 32) -> None:
        self.model = model
        self.limit = limit
        self.blocks: list[np.ndarray] = []

    def block(self, rows: np.ndarray) -> list[int]:
        self.blocks.append(rows)
        return self.model(rows)

    @property
    def sizes(self) -> list[int]:
        return [len(rows) for rows in self.blocks]

    def block_limit(self) -> int:
        return self.limit

    def join(self, parts: Sequence[Sequence[int]]) -> list[int]:
        return [each for part in parts for each in part]


def with_blocks(in_thread: bool = False, timeout_seconds: float = 60) -> tuple[Batcher[int], Blocks]:
    blocks = Blocks(Model())
    return Batcher(blocks.model, lambda: in_thread, 8, 10_000, timeout_seconds, blocks), blocks


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.lists(st.integers(0, 65535), min_size=1, max_size=80)), min_size=1, max_size=20
    ),
    st.booleans(),
    st.sets(st.integers(0, 19)),
)
def test_rows_in_arrays_and_others_get_their_own_answers(
    callers: list[tuple[bool, list[int]]], in_thread: bool, leavers: set[int]
) -> None:
    async def run() -> None:
        batcher, _ = with_blocks(in_thread)
        rows = [np.stack(rows_of(numbers)) if lie_in_one else rows_of(numbers) for lie_in_one, numbers in callers]
        await own_answers(batcher, [numbers for _, numbers in callers], rows, leavers)

    bounded(run())


def test_rows_in_one_array_are_run_where_they_lie() -> None:
    async def run() -> None:
        batcher, blocks = with_blocks()
        rows = np.stack(rows_of(range(70)))
        answer = await batcher.submit(rows)
        assert blocks.sizes == [32, 32, 6]
        assert all(np.shares_memory(each, rows) for each in blocks.blocks)
        assert answer.batch_size == 6

    bounded(run())


def test_a_row_waits_for_no_more_than_the_block_that_runs() -> None:
    async def run() -> None:
        batcher, blocks = with_blocks()
        many = [batcher.submit(np.stack(rows_of(range(1000)))) for _ in range(4)]
        await asyncio.sleep(0)
        begun = len(blocks.blocks)
        await batcher.submit(rows_of([1]))
        assert 1 in blocks.model.sizes
        assert len(blocks.blocks) <= begun + 1
        await asyncio.gather(*many)

    bounded(run())


def test_a_block_is_as_small_as_a_batch_while_others_wait() -> None:
    async def run() -> None:
        batcher, blocks = with_blocks()
        array, others = batcher.submit(np.stack(rows_of(range(200)))), batcher.submit(rows_of(range(40)))
        await others
        assert set(blocks.sizes) == {8}
        await array
        assert 32 in blocks.sizes

    bounded(run())


def test_an_array_takes_its_turn_while_others_never_end() -> None:
    async def run() -> None:
        batcher, _ = with_blocks()
        array = batcher.submit(np.stack(rows_of(range(64))))
        for _ in range(50):
            if array.done():
                break
            await batcher.submit(rows_of([1]))
        assert array.done()

    bounded(run())


def test_a_stale_array_is_refused_and_one_whose_caller_left_is_not_run() -> None:
    async def run() -> None:
        batcher, blocks = with_blocks(timeout_seconds=-1)
        with pytest.raises(QueueTimeout):
            await batcher.submit(np.stack(rows_of(range(9))))
        batcher._timeout_seconds = 60
        left, stays = batcher.submit(np.stack(rows_of(range(9)))), batcher.submit(np.stack(rows_of([1])))
        left.cancel()
        assert (await stays).results == [1]
        assert (blocks.sizes, batcher.waiting) == ([1], 0)

    bounded(run())
