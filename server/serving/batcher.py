"""Rows in, results out: callers' rows are gathered into batches for one function that is faster on many at once.

Work-conserving: there is no timer and no added delay. What arrived in one pass of the event loop, or while the last
batch ran, is the next batch. Bounded: a row that finds the queue full is refused at once. Fair: callers with many rows
take turns with the others, and so do rows that lie in one array, which are run where they lie. It knows neither HTTP
nor ONNX.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Generic, NamedTuple

import numpy as np
from numpy.typing import NDArray

from server.serving.blocks import Blocks
from server.serving.caller import Answer, Caller, Receiver, Result, Row, Rows

TURN = 8  # rows that one caller may place in a batch before the next caller's turn


class QueueFull(Exception):
    """More rows wait than the limit allows; nothing was queued."""


class QueueTimeout(Exception):
    """The row waited longer than its limit before the function could see it."""


class _Batch(NamedTuple, Generic[Result]):
    """Rows that are run together, and how many of them are whose."""

    members: list[tuple[Caller[Result], int]]
    rows: NDArray[np.uint8]
    run: Callable[[NDArray[np.uint8]], Sequence[Result]]


class Batcher(Generic[Result]):
    """Gathers rows for `run`, which takes (n, ...) and gives n results, n at most `batch_limit`.

    `in_thread` says, before each batch, whether to run it in a thread because it would hold the event loop up too long.
    With `blocks`, a caller's rows in one array are run by those, in turn with what is gathered. All rows have the same
    shape and dtype. To be used from one event loop.
    """

    def __init__(
        self,
        run: Callable[[NDArray[np.uint8]], Sequence[Result]],
        in_thread: Callable[[], bool],
        batch_limit: int,
        queue_limit: int,
        timeout_seconds: float,
        blocks: Blocks[Result] | None = None,
    ) -> None:
        self._run = run
        self._blocks = blocks
        self._in_thread = in_thread
        self._batch_limit = batch_limit
        self._queue_limit = queue_limit
        self._timeout_seconds = timeout_seconds
        self._callers: deque[Caller[Result]] = deque()
        self._arrays: deque[Caller[Result]] = deque()  # callers whose rows are blocks
        self._was_block = False  # the last batch
        self._waiting = 0
        self._busy = False  # a pass is scheduled, or a batch runs in the thread
        self._buffer: NDArray[np.uint8] | None = None
        self._thread: ThreadPoolExecutor | None = None

    @property
    def waiting(self) -> int:
        """Rows in the queue."""
        return self._waiting

    def has_room(self, rows: int) -> bool:
        """Whether so many rows more may be queued: to be asked before work is put into them."""
        return self._waiting + rows <= self._queue_limit

    def check(self, rows: int) -> None:
        """Raise QueueFull if there is no room for so many rows more."""
        if not self.has_room(rows):
            raise self.queue_full()

    def queue_full(self) -> QueueFull:
        """What those are told for whose rows there is no room."""
        return QueueFull(f"only {self._queue_limit} images may wait at once")

    def submit(self, rows: Rows) -> "asyncio.Future[Answer[Result]]":
        """Queue the rows of one caller; cancel the future to withdraw them.

        The future gives an Answer, or raises QueueTimeout or what `run` raised. Raises QueueFull.
        """
        future: asyncio.Future[Answer[Result]] = asyncio.get_running_loop().create_future()
        self.submit_for(future, rows)
        return future

    def submit_for(self, receiver: Receiver[Result], rows: Rows, is_admitted: bool = False) -> None:
        """As `submit`, for a caller that takes its answer itself: a turn of the event loop and a few objects less.

        There is always room for rows that are admitted already.
        """
        if not is_admitted:
            self.check(len(rows))
        is_block = self._blocks is not None and isinstance(rows, np.ndarray)
        (self._arrays if is_block else self._callers).append(Caller(rows, receiver, monotonic()))
        self._waiting += len(rows)
        if not self._busy:
            self._busy = True
            asyncio.get_running_loop().call_soon(self._pass)

    def close(self) -> None:
        """Let go of the thread; what it runs is finished first."""
        if self._thread is not None:
            self._thread.shutdown()

    def _pass(self) -> None:
        """Run one batch, inline or in the thread, and come back for the next if rows wait."""
        started = monotonic()
        batch = self._next(started)
        loop = asyncio.get_running_loop()
        if batch is None:
            self._busy = False
        elif self._in_thread():
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
            running = loop.run_in_executor(self._thread, batch.run, batch.rows)
            running.add_done_callback(lambda done: self._finish_threaded(batch.members, done, started))
        else:
            try:
                self._deliver(batch.members, batch.run(batch.rows), started)
            except Exception as error:  # noqa: BLE001 - it belongs to the callers, who raise it
                _fail(batch.members, error)
            self._again()

    def _finish_threaded(
        self,
        members: list[tuple[Caller[Result], int]],
        done: "asyncio.Future[Sequence[Result]]",
        started: float,
    ) -> None:
        error = done.exception()
        if error is None:
            self._deliver(members, done.result(), started)
        else:
            _fail(members, error)
        self._again()

    def _again(self) -> None:
        if self._callers or self._arrays:
            asyncio.get_running_loop().call_soon(self._pass)
        else:
            self._busy = False

    def _next(self, now: float) -> _Batch[Result] | None:
        """The next batch; None if nobody waits. Where both wait, one that is gathered and a block take turns."""
        batch = self._block(now) if not self._was_block else None
        if batch is None:
            batch = self._gather(now) or self._block(now)
        return batch

    def _gather(self, now: float) -> _Batch[Result] | None:
        """Rows of one caller after another."""
        members: list[tuple[Caller[Result], int]] = []
        size = 0
        callers = self._callers
        while callers and size < self._batch_limit:
            caller = callers.popleft()
            if self._is_over(caller, now):
                continue
            left = len(caller.rows) - caller.placed
            count = min(left, TURN, self._batch_limit - size)
            for row in caller.rows[caller.placed : caller.placed + count]:
                self._place(row, size)
                size += 1
            caller.placed += count
            self._waiting -= count
            members.append((caller, count))
            if count < left:
                callers.append(caller)
        if not size:
            return None
        assert self._buffer is not None
        self._was_block = False
        return _Batch(members, self._buffer[:size], self._run)

    def _block(self, now: float) -> _Batch[Result] | None:
        """The next rows of one array: no more than a batch has, where others wait."""
        arrays, blocks = self._arrays, self._blocks
        while arrays:
            caller = arrays.popleft()
            if self._is_over(caller, now):
                continue
            assert blocks is not None
            assert isinstance(caller.rows, np.ndarray)
            limit = self._batch_limit if self._callers else blocks.block_limit()
            rows = caller.rows[caller.placed : caller.placed + limit]
            caller.placed += len(rows)
            self._waiting -= len(rows)
            if caller.placed < len(caller.rows):
                arrays.append(caller)
            self._was_block = True
            return _Batch([(caller, len(rows))], rows, blocks.block)
        return None

    def _is_over(self, caller: Caller[Result], now: float) -> bool:
        """Whether nothing more of a caller is to be run: it withdrew, or failed, or waited too long."""
        left = len(caller.rows) - caller.placed
        if caller.receiver.done():  # withdrawn, or failed in an earlier batch
            self._waiting -= left
            return True
        if now - caller.submitted > self._timeout_seconds:
            self._waiting -= left
            caller.receiver.set_exception(QueueTimeout(f"waited over {self._timeout_seconds:g} s for the model"))
            return True
        return False

    def _place(self, row: Row, index: int) -> None:
        if self._buffer is None or self._buffer.shape[1:] != row.shape:
            assert index == 0, "all rows of a batcher have the same shape"
            self._buffer = np.empty((self._batch_limit, *row.shape), row.dtype)
        self._buffer[index] = row

    def _deliver(self, members: list[tuple[Caller[Result], int]], results: Sequence[Result], started: float) -> None:
        seconds = monotonic() - started
        assert len(results) == sum(count for _, count in members)
        first = 0
        for caller, count in members:
            mine = results if count == len(results) else results[first : first + count]
            first += count
            answer = caller.answer
            if answer is None:
                answer = caller.answer = Answer(mine, started - caller.submitted, seconds, len(results))
            else:
                parts = answer.results, mine
                answer.results = [*answer.results, *mine] if self._blocks is None else self._blocks.join(parts)
                answer.run_seconds += seconds
                answer.queue_seconds = started - caller.submitted
                answer.batch_size = len(results)
            if len(answer.results) == len(caller.rows) and not caller.receiver.done():
                caller.receiver.set_result(answer)


def _fail(members: list[tuple[Caller[Result], int]], error: BaseException) -> None:
    for caller, _ in members:
        if not caller.receiver.done():
            caller.receiver.set_exception(error)
