"""Whether there is room for one more connection: a number, and descriptors, of which the last are kept for probes."""

import asyncio
from typing import NamedTuple

from server.machine import descriptors
from server.web.errors import Busy

SPARE = 64  # connections beyond the limit that are asked what they want


class Lack(NamedTuple):
    """Why a connection is not welcome."""

    error: Busy
    is_dire: bool  # that not even a probe can be taken in


def lack(transport: asyncio.BaseTransport, number: int, limit: int) -> Lack | None:
    """What there is too little of for this connection, which is one of so many; None if there is room."""
    if number > limit:
        return Lack(Busy(f"the service has {limit:,} connections, and takes no more at once"), number > limit + SPARE)
    most = descriptors.limit()
    left, reserve = most - transport.get_extra_info("socket").fileno(), descriptors.reserve(most)
    if left > reserve:
        return None
    sentence = "the service has no file descriptors left for more connections; GET /health says how many it has"
    return Lack(Busy(sentence), left <= reserve // 4)  # the very last are for files
