"""Lines leave whole and in order; what nobody reads in time is dropped, counted and told of."""

import contextlib
import logging
import os
import re
import select
import threading
from collections.abc import Iterator

import pytest

from server.machine.output import PIECE_BYTES, Output, OutputHandler

PIPE_BYTES = 2**16  # of a pipe that nobody made larger
LINE = "x" * 99 + "\n"
PATIENCE_SECONDS = 60.0  # a bound for a slow machine


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Both ends; closed in the order that ends a thread which still writes."""
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


def everything(reader: int, output: Output) -> str:
    """Read until nothing waits any more."""
    pieces: list[bytes] = []
    waiter = threading.Thread(target=output.flush, args=(PATIENCE_SECONDS,))
    waiter.start()
    while waiter.is_alive() or select.select([reader], [], [], 0)[0]:
        if select.select([reader], [], [], 0.01)[0]:
            pieces.append(os.read(reader, PIPE_BYTES))
    waiter.join()
    return b"".join(pieces).decode()


def test_lines_arrive_in_order(pipe: tuple[int, int]) -> None:
    output = Output(pipe[1])
    lines = [f"{number} {'y' * (number % 300)}\n" for number in range(2000)]
    for position in range(0, 2000, 100):
        output.write("".join(lines[position : position + 100]))
    assert everything(pipe[0], output) == "".join(lines)
    assert output.lost == 0


@pytest.mark.parametrize("prompt", [False, True])
def test_what_does_not_fit_is_counted_and_told_of(pipe: tuple[int, int], prompt: bool) -> None:
    output = Output(pipe[1], limit_bytes=10_000, prompt=prompt)
    for _ in range(1000):
        output.write(LINE)
    assert 0 < output.lost < 1000
    lost = output.lost
    lines = everything(pipe[0], output).splitlines(keepends=True)
    told = [match for line in lines if (match := re.search(r"Z (\d+) lines were lost here", line))]
    assert sum(int(match[1]) for match in told) == lost
    assert lines.count(LINE) == 1000 - lost
    assert len(lines) == 1000 - lost + len(told)


def test_flushing_does_not_wait_for_ever(pipe: tuple[int, int]) -> None:
    output = Output(pipe[1])
    output.write(LINE * (2 * PIPE_BYTES // len(LINE)))
    assert not output.flush(0.01)
    everything(pipe[0], output)
    assert output.flush(0.0)


def test_a_prompt_line_is_out_when_the_call_returns(pipe: tuple[int, int]) -> None:
    output = Output(pipe[1], prompt=True)
    output.write("a word\n")
    assert os.read(pipe[0], 100) == b"a word\n"


def test_a_line_of_more_than_a_piece_arrives(pipe: tuple[int, int]) -> None:
    output = Output(pipe[1], prompt=True)
    line = "z" * (3 * PIECE_BYTES) + "\n"
    output.write(line)
    output.write("after\n")
    assert everything(pipe[0], output) == line + "after\n"


def test_a_full_disk_loses_lines_and_raises_nothing() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    for prompt in (False, True):
        output = Output(full, prompt=prompt)
        output.write(LINE * 3)
        assert output.flush(PATIENCE_SECONDS)
        assert output.lost == 3
    os.close(full)


def test_a_descriptor_that_does_not_block_is_waited_for(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[1], False)
    output = Output(pipe[1])
    text = LINE * (4 * PIPE_BYTES // len(LINE))
    output.write(text)
    assert everything(pipe[0], output) == text


def test_a_process_without_stdout_drops_its_lines() -> None:
    output = Output(None)
    output.write(LINE)
    assert output.flush(0.0)


def test_a_log_goes_by_an_output(pipe: tuple[int, int]) -> None:
    handler = OutputHandler(Output(pipe[1], prompt=True))
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    handler.handle(logging.makeLogRecord({"levelname": "INFO", "msg": "version %s", "args": ("3",)}))
    assert os.read(pipe[0], 100) == b"INFO version 3\n"


def test_a_prompt_line_waits_for_nobody() -> None:
    reader, writer = os.pipe()
    try:
        os.set_blocking(writer, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, bytes(4096))
        os.set_blocking(writer, True)
        output = Output(writer, prompt=True)
        calling = threading.Thread(target=output.write, args=("a line\n",), daemon=True)
        calling.start()
        calling.join(10)
        assert not calling.is_alive()
        everything(reader, output)  # its thread must not meet the descriptors of another test
    finally:
        os.close(reader)
        os.close(writer)
