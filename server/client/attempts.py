"""When a call is tried again, which is only where that can't do it twice.

A call that never reached the server, and one that the server refused with a code that says that nothing was done, may
be repeated, whatever it is; one whose answer was lost only if it changes nothing, or carries a key by which it is done
once (Idempotency-Key).
"""

import random

import httpx

from .errors import Unreachable, refused

PAUSE_SECONDS = 0.2  # before the second try; doubled with each
LONGEST_PAUSE_SECONDS = 5.0  # a server that asks for more is not waited for
FOLLOW_RETRIES = 10  # of a job's events: half a minute, in which a server is started again
NOT_DONE = ("busy", "too_often", "no_model")  # codes by which the server says that it did not begin
UNDER_WAY = "under_way"  # what was tried before, and whose answer was lost
PASSING = (429, 502, 503, 504)  # answers that may be others in a moment; the two between are a proxy's

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Attempts:
    """The tries of one call."""

    def __init__(self, retries: int, may_repeat: bool) -> None:
        self._left = retries
        self._may_repeat = may_repeat
        self._pause = PAUSE_SECONDS

    def after_silence(self, error: httpx.RequestError, url: str) -> float:
        """Seconds to wait before the next try; raises Unreachable where there is to be none."""
        if self._left > 0 and (self._may_repeat or isinstance(error, _NOT_SENT)):
            return self._next()
        raise unreachable(error, url) from error

    def after_refusal(self, answer: httpx.Response) -> float:
        """Seconds to wait before the next try; raises Refused where the answer stands."""
        asked = answer.headers.get("retry-after", "0")
        seconds = float(asked) if asked.isdecimal() else 0.0
        error = refused(answer)
        passes = answer.status_code in PASSING or error.code == UNDER_WAY
        may_repeat = passes and (self._may_repeat or error.code in NOT_DONE)
        if self._left <= 0 or not may_repeat or seconds > LONGEST_PAUSE_SECONDS:
            raise error
        return max(self._next(), seconds)

    def _next(self) -> float:
        self._left -= 1
        pause, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        return pause * random.uniform(0.5, 1.0)  # noqa: S311 - so that many clients do not come back at once


def unreachable(error: httpx.RequestError, url: str) -> Unreachable:
    """What is said of a call without an answer."""
    was_sent = not isinstance(error, _NOT_SENT)
    remedy = "" if was_sent else "; is the server running? `relearn serve` starts one"
    return Unreachable(f"{url} does not answer: {str(error) or type(error).__name__}{remedy}", was_sent)
