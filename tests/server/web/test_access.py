"""A request's record becomes one line of bounded length, and few records wait for it."""

import asyncio
import json

from server.web.access import PATH_LIMIT, TICK_RECORDS, AccessLog, Record


def logged(records: list[Record], seconds: float, as_json: bool = False) -> list[str]:
    """The lines that are written by then."""
    lines: list[str] = []

    async def run() -> None:
        log = AccessLog(lambda _: None, lambda text: lines.extend(text.splitlines()), as_json)
        for each in records:
            log.add(each)
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
