"""A ride whose client left is over: its row is withdrawn, and nothing is written any more."""

import asyncio
from typing import Any

from server.observe.tick import Tick
from server.predict.express import PictureRide
from server.web.access import CLIENT_LEFT, AccessLog, Record
from tests.server.predict.line import Line


def test_a_client_that_left_withdraws_its_row() -> None:
    records: list[Record] = []

    async def run() -> None:
        lane: Any = None  # whom it would ask what to answer
        log = AccessLog(Tick([records.extend]).count, lambda _: None)
        ride = PictureRide(lane, Line(), Record("POST", b"/predict", "/predict", "id-1", 0.0), log)
        assert not ride.done()
        ride.leave()
        assert ride.done()
        ride.leave()
        log.flush()

    asyncio.run(run())
    assert [record.status for record in records] == [CLIENT_LEFT]
