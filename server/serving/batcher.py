"""Rows in, results out: callers' rows are gathered into batches for one function that is faster on many at once.

Work-conserving: there is no timer and no added delay. What arrived in one pass of the event loop, or while the last
batch ran, is the next batch. Bounded: a row that finds the queue full is refused at once. Fair: callers with many rows
take turns with the others. It knows neither HTTP nor ONNX.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.uint8]
Result = TypeVar("Result")

TURN = 8  # rows that one caller may place in a batch before the next caller's turn


class QueueFull(Exception):
    """More rows wait than the limit allows; nothing was queued."""


class QueueTimeout(Exception):
    """The row waited longer than its limit before the function could see it."""


@dataclass(slots=True)
class Answer(Generic[Result]):
    """A caller's results, in the order of its rows, and how they came about."""

    results: list[Result]
    queue_seconds: float  # from submission to the start of its last batch
    run_seconds: float  # of the batches it was in
    batch_size: int  # of its last batch


class Receiver(Protocol[Result]):
    """Who an answer is for: a future, or what has these three of its methods.

    They are called within the batcher's pass, so they must be quick and may not raise: that would fall on the others
    in the batch. After `done` says so nothing more comes.
    """

    def done(self) -> bool: ...
    def set_result(self, result: Answer[Result], /) -> None: ...
    def set_exception(self, exception: BaseException, /) -> None: ...


@dataclass(slots=True)
class _Caller(Generic[Result]):
    rows: Sequence[Row]
    receiver: Receiver[Result]
    submitted: float  # monotonic seconds
    placed: int = 0  # rows already handed to a batch
    answer: Answer[Result] | None = None  # as far as its rows have run


class Batcher(Generic[Result]):
    """Gathers rows for `run`, which takes (n, ...) and gives n results, n at most `batch_limit`.

    `in_thread` says, before each batch, whether to run it in a thread because it would hold the event loop up too long.
    All rows have the same shape and dtype. To be used from one event loop.
    """

    def __init__(
        self,
        run: Callable[[NDArray[np.uint8]], Sequence[Result]],
        in_thread: Callable[[], bool],
        batch_limit: int,
        queue_limit: int,
        timeout_seconds: float,
    ) -> None:
        self._run = run
        self._in_thread = in_thread
        self._batch_limit = batch_limit
        self._queue_limit = queue_limit
        self._timeout_seconds = timeout_seconds
        self._callers: deque[_Caller[Result]] = deque()
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

    def submit(self, rows: Sequence[Row]) -> "asyncio.Future[Answer[Result]]":
        """Queue the rows of one caller; cancel the future to withdraw them.

        The future gives an Answer, or raises QueueTimeout or what `run` raised. Raises QueueFull.
        """
        future: asyncio.Future[Answer[Result]] = asyncio.get_running_loop().create_future()
        self.submit_for(future, rows)
        return future

    def submit_for(self, receiver: Receiver[Result], rows: Sequence[Row], is_admitted: bool = False) -> None:
        """As `submit`, for a caller that takes its answer itself: a turn of the event loop and a few objects less.

        There is always room for rows that are admitted already.
        """
        if not is_admitted:
            self.check(len(rows))
        self._callers.append(_Caller(rows, receiver, monotonic()))
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
        members, batch = self._gather(started)
        loop = asyncio.get_running_loop()
        if batch is None:
            self._busy = False
        elif self._in_thread():
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
            running = loop.run_in_executor(self._thread, self._run, batch)
            running.add_done_callback(lambda done: self._finish_threaded(members, done, started))
        else:
            try:
                self._deliver(members, self._run(batch), started)
            except Exception as error:  # noqa: BLE001 - it belongs to the callers, who raise it
                _fail(members, error)
            self._again()

    def _finish_threaded(
        self,
        members: list[tuple[_Caller[Result], int]],
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
        if self._callers:
            asyncio.get_running_loop().call_soon(self._pass)
        else:
            self._busy = False

    def _gather(self, now: float) -> tuple[list[tuple[_Caller[Result], int]], NDArray[np.uint8] | None]:
        """The next batch, and which callers it holds with how many rows each."""
        members: list[tuple[_Caller[Result], int]] = []
        size = 0
        callers = self._callers
        while callers and size < self._batch_limit:
            caller = callers.popleft()
            left = len(caller.rows) - caller.placed
            if caller.receiver.done():  # withdrawn, or failed in an earlier batch
                self._waiting -= left
                continue
            if now - caller.submitted > self._timeout_seconds:
                self._waiting -= left
                caller.receiver.set_exception(QueueTimeout(f"waited over {self._timeout_seconds:g} s for the model"))
                continue
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
            return members, None
        assert self._buffer is not None
        return members, self._buffer[:size]

    def _place(self, row: Row, index: int) -> None:
        if self._buffer is None or self._buffer.shape[1:] != row.shape:
            assert index == 0, "all rows of a batcher have the same shape"
            self._buffer = np.empty((self._batch_limit, *row.shape), row.dtype)
        self._buffer[index] = row

    def _deliver(self, members: list[tuple[_Caller[Result], int]], results: Sequence[Result], started: float) -> None:
        seconds = monotonic() - started
        assert len(results) == sum(count for _, count in members)
        first = 0
        for caller, count in members:
            mine = list(results[first : first + count])
            first += count
            answer = caller.answer
            if answer is None:
                answer = caller.answer = Answer(mine, started - caller.submitted, seconds, len(results))
            else:
                answer.results += mine
                answer.run_seconds += seconds
                answer.queue_seconds = started - caller.submitted
                answer.batch_size = len(results)
            if len(answer.results) == len(caller.rows) and not caller.receiver.done():
                caller.receiver.set_result(answer)


def _fail(members: list[tuple[_Caller[Result], int]], error: BaseException) -> None:
    for caller, _ in members:
        if not caller.receiver.done():
            caller.receiver.set_exception(error)
