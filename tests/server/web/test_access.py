"""A request's record becomes one line of bounded length, and few records wait for it."""

import asyncio

from server.web.access import PATH_LIMIT, TICK_RECORDS, AccessLog, Record


def logged(records: list[Record], seconds: float) -> list[str]:
    """The lines that are written by then."""
    lines: list[str] = []

    async def run() -> None:
        log = AccessLog(lambda _: None, lambda text: lines.extend(text.splitlines()))
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
