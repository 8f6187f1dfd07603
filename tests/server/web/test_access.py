"""A request's record becomes one line of bounded length, and few records wait for it."""

import asyncio
import json
from collections.abc import Iterator, Sequence

import pytest

from server.web import access
from server.web.access import LINES, PATH_LIMIT, TICK_RECORDS, AccessLog, Record

PARTS = TICK_RECORDS // LINES + 5  # more turns than a tick has parts
SECONDS = 0.01  # to a tick, in place of its own


def logged(records: list[Record], seconds: float, as_json: bool = False) -> list[str]:
    """The lines that are written by then."""
    lines: list[str] = []

    async def run() -> None:
        log = AccessLog(lambda _: (), lambda text: lines.extend(text.splitlines()), as_json)
        for each in records:
            log.add(each)
        for _ in range(PARTS):
            await asyncio.sleep(0)
        await asyncio.sleep(seconds)

    asyncio.run(run())
    return lines


def test_a_long_path_is_cut_in_the_log() -> None:
    (line,) = logged([Record("GET", b"/" + b"a" * 10_000, "none", "id-1", 0.0)], 0.5)
    assert line.split(" ")[2] == "/" + "a" * (PATH_LIMIT - 1)


def test_many_records_do_not_wait_for_the_tick() -> None:
    record = Record("GET", b"/", "none", "id-1", 0.0)
    assert logged([record] * (TICK_RECORDS - 1), 0) == []
    assert len(logged([record] * (TICK_RECORDS + 1), 0)) == TICK_RECORDS


class Counting:
    """Who counts a tick's records in two parts, and what was done in which order."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.lines = ""
        self.log = AccessLog(self._count, self._write)

    def add(self, records: int) -> None:
        for number in range(records):
            self.log.add(Record("GET", b"/", "none", f"id-{number}", 0.0))

    def _count(self, records: Sequence[Record]) -> Iterator[None]:
        self.done.append(f"first {len(records)}")
        yield
        self.done.append(f"second {len(records)}")

    def _write(self, lines: str) -> None:
        self.lines += lines


def test_between_two_parts_of_a_tick_others_have_their_turn() -> None:
    async def run() -> Counting:
        counting = Counting()
        counting.add(TICK_RECORDS)
        assert counting.done == []  # whoever adds has an answer to send
        for _ in range(PARTS):
            counting.done.append("other")
            await asyncio.sleep(0)
        return counting

    counting = asyncio.run(run())
    lines, counts = ["other"] * (TICK_RECORDS // LINES), [f"first {TICK_RECORDS}", f"second {TICK_RECORDS}"]
    assert counting.done[: len(lines) + 4] == [*lines, "other", counts[0], "other", counts[1]]
    assert counting.lines.count("\n") == TICK_RECORDS


def test_a_tick_that_had_no_turns_is_counted_before_the_next() -> None:
    async def run() -> Counting:
        counting = Counting()
        counting.add(TICK_RECORDS)
        counting.add(TICK_RECORDS)
        assert counting.done == [f"first {TICK_RECORDS}", f"second {TICK_RECORDS}"]
        counting.log.flush()
        return counting

    assert asyncio.run(run()).lines.count("\n") == 2 * TICK_RECORDS


def test_whoever_asks_has_all_counts_at_once() -> None:
    async def run() -> list[str]:
        counting = Counting()
        counting.add(TICK_RECORDS + 3)
        counting.log.flush()
        done = [*counting.done]
        for _ in range(PARTS):
            await asyncio.sleep(0)
        assert counting.done == done
        return done

    assert asyncio.run(run()) == [f"{part} {number}" for number in (TICK_RECORDS, 3) for part in ("first", "second")]


def test_a_tick_that_came_early_is_none_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> list[str]:
        counting = Counting()
        counting.add(TICK_RECORDS)
        monkeypatch.setattr(access, "TICK_SECONDS", 60.0)
        counting.add(1)
        past = asyncio.Event()
        asyncio.get_running_loop().call_later(SECONDS, past.set)  # begun later, so over later
        await past.wait()
        return counting.done

    monkeypatch.setattr(access, "TICK_SECONDS", SECONDS)
    assert asyncio.run(run()) == [f"first {TICK_RECORDS}", f"second {TICK_RECORDS}"]


def test_a_line_may_be_json_whatever_the_path_is() -> None:
    record = Record("GET", b'/a"b\xff\n', "none", "id-1", 1.5, 404, 0.0123456, client="192.0.2.7", by="one")
    (line,) = logged([record], 0.5, as_json=True)
    told = json.loads(line)
    assert told.pop("time")[-5:] in {f".{number:03d}Z" for number in range(1000)}
    assert told == {
        "method": "GET",
        "path": '/a"b\\xff\n',
        "status": 404,
        "milliseconds": 12.35,
        "model": "-",
        "client": "192.0.2.7",
        "key": "one",
        "id": "id-1",
    }
