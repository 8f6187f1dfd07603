"""How often somebody may change something, and try keys, in a minute; counted by all workers together (tallies.py).

The windows slide and know only the time of day, so that a clock that is set back ends a limit early at most. What is
left is told as https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers has it.
"""

import logging
import math
import time
from pathlib import Path

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from server.settings import Settings
from server.web.errors import TooOften
from server.web.tallies import SharedStorage

logger = logging.getLogger("relearn")


class Rates:
    """The limits, and what is left of them for each key and each address."""

    def __init__(self, settings: Settings, folder: Path | None = None) -> None:
        """`folder` is what the workers of this server have in common, None for a single one."""
        self._limiter = SlidingWindowCounterRateLimiter(_storage(folder))
        self._key_writes = RateLimitItemPerMinute(settings.key_writes_a_minute)
        self._address_writes = RateLimitItemPerMinute(settings.address_writes_a_minute)
        self._failed_keys = RateLimitItemPerMinute(settings.failed_keys_a_minute)

    def count_write(self, address: str) -> dict[str, str]:
        """Headers that say how many more may come; raises TooOften."""
        if not self._limiter.hit(self._address_writes, "address", address):
            raise self._refusal(self._address_writes, "address", address, "changes from this address")
        return self._left(self._address_writes, "address", address)

    def count_write_of(self, key: str) -> dict[str, str]:
        """Headers that say how many more may come; raises TooOften."""
        if not self._limiter.hit(self._key_writes, "key", key):
            raise self._refusal(self._key_writes, "key", key, f"changes with the key {key}")
        return self._left(self._key_writes, "key", key)

    def check_attempts(self, address: str) -> None:
        """Raises TooOften where an address has tried too many wrong keys: then it may not try the right one either."""
        if not self._limiter.test(self._failed_keys, "failed", address):
            raise self._refusal(self._failed_keys, "failed", address, "wrong keys from this address")

    def count_failure(self, address: str) -> None:
        self._limiter.hit(self._failed_keys, "failed", address)

    def _refusal(self, item: RateLimitItemPerMinute, kind: str, who: str, what: str) -> TooOften:
        wait = max(math.ceil(self._limiter.get_window_stats(item, kind, who).reset_time - time.time()), 1)
        headers = {"Retry-After": str(wait)} | self._left(item, kind, who)
        return TooOften(f"{item.amount} {what} a minute are the limit; wait and try again", headers)

    def _left(self, item: RateLimitItemPerMinute, kind: str, who: str) -> dict[str, str]:
        window = self._limiter.get_window_stats(item, kind, who)
        wait = max(math.ceil(window.reset_time - time.time()), 0)
        return {
            "RateLimit-Policy": f'"{kind}";q={item.amount};w=60',
            "RateLimit": f'"{kind}";r={window.remaining};t={wait}',
        }


def _storage(folder: Path | None) -> MemoryStorage:
    if folder is not None:
        try:
            return SharedStorage(folder)
        except (OSError, ValueError) as error:
            logger.warning("this worker counts changes and wrong keys for itself: %s", error)
    return MemoryStorage()
