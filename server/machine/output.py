"""Lines on their way to stdout or stderr, which whoever reads them may stop to read at any time: nothing here waits.

A thread of its own writes what waits, so that a full pipe holds up nobody else. What waits is bounded; lines that do
not fit are dropped and counted, and a line in their place says how many they were.
"""

import contextlib
import logging
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

LIMIT_BYTES = 2**19  # that wait: some seconds of the busiest log
PIECE_BYTES = select.PIPE_BUF  # a pipe takes so much in one piece, so that no two processes mix within a line
FLUSH_SECONDS = 2.0  # that the end waits for a reader


class Output:
    """Lines to one descriptor, in the order in which they came."""

    def __init__(
        self,
        descriptor: int | None,
        limit_bytes: int = LIMIT_BYTES,
        prompt: bool = False,
        told: Callable[[str], str] | None = None,
    ) -> None:
        """`prompt`: what fits at once is written by the caller, so that it is out whatever happens next.

        `told` makes the line that says a sentence of this output's own; without it that is the time and the sentence.
        """
        self._descriptor = descriptor  # None: there is nobody to write to
        self._limit_bytes = limit_bytes
        self._prompt = prompt
        self._told = told or _told
        self._changed = threading.Condition()  # of an RLock: _put may be called with it held
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0  # with the piece that is being written
        self._unsaid = 0  # lost lines that no line has told of
        self._thread: threading.Thread | None = None
        self.lost = 0  # lines, in all

    def write(self, text: str) -> None:
        """Take whole lines; raises nothing, whatever becomes of them."""
        if self._descriptor is None:
            return
        lines = text.encode(errors="backslashreplace")
        with self._changed:
            if self._prompt and not self._waiting_bytes and self._fits(self._descriptor, lines):
                self._put(self._descriptor, lines)
                return
            if self._waiting_bytes + len(lines) > self._limit_bytes:
                self._lose(lines)
                return
            self._tell_losses()
            self._add(lines)
            if self._thread is None:
                name = f"output {self._descriptor}"
                self._thread = threading.Thread(target=self._run, args=(self._descriptor,), name=name, daemon=True)
                self._thread.start()

    def flush(self, seconds: float = FLUSH_SECONDS) -> bool:
        """Wait until all is written, at most so long; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting_bytes, seconds)

    def _run(self, descriptor: int) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                lines = self._waiting.popleft()
            written = self._put(descriptor, lines)
            with self._changed:
                self._waiting_bytes -= len(lines)
                if written and not self._waiting:
                    self._tell_losses()
                self._changed.notify_all()

    def _add(self, lines: bytes) -> None:
        self._waiting.append(lines)
        self._waiting_bytes += len(lines)
        self._changed.notify_all()

    def _tell_losses(self) -> None:
        if self._unsaid:
            number, self._unsaid = self._unsaid, 0
            self._add(self._told(f"{number} lines were lost here: they could not be written in time").encode())

    def _lose(self, lines: bytes) -> None:
        number = lines.count(b"\n")
        self.lost += number
        self._unsaid += number

    def _put(self, descriptor: int, lines: bytes) -> bool:
        """Write lines, waiting for room; whether that could be done: the disk behind them may be full."""
        while lines:
            end = lines.rfind(b"\n", 0, PIECE_BYTES) + 1 or PIECE_BYTES
            try:
                lines = lines[os.write(descriptor, lines[:end]) :]
            except BlockingIOError:  # somebody who shares the descriptor wants it so
                select.select([], [descriptor], [])
            except OSError:
                with self._changed:
                    self._lose(lines)
                return False
        return True

    @staticmethod
    def _fits(descriptor: int, lines: bytes) -> bool:
        """Whether writing would not have to wait: a pipe that takes anything takes a piece."""
        if len(lines) > PIECE_BYTES:
            return False
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        return any(event & select.POLLOUT for _, event in poll.poll(0))


class OutputHandler(logging.Handler):
    """A log that goes by such an output."""

    def __init__(self, output: Output) -> None:
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)
        except Exception:  # noqa: BLE001 - as every handler of the library does
            self.handleError(record)
        else:
            self._output.write(text + "\n")

    def flush(self) -> None:
        self._output.flush()


def _told(sentence: str) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {sentence}\n"


def descriptor_of(stream: TextIO | None) -> int | None:
    """The descriptor of stdout or stderr; None where this process was started without it."""
    if stream is None:
        return None
    with contextlib.suppress(OSError, ValueError):
        stream.flush()
        return stream.fileno()
    return None


def standard_output(told: Callable[[str], str] | None = None) -> Output:
    return Output(descriptor_of(sys.__stdout__), told=told)


def standard_error(told: Callable[[str], str] | None = None) -> Output:
    return Output(descriptor_of(sys.__stderr__), prompt=True, told=told)
