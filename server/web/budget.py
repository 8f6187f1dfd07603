"""How much of what requests bring may be in memory at once, in one worker: their bodies, and an upload's pictures.

Every request has a share, which grows as its body arrives and ends with it. What a lane (lane.py) takes of one picture
is small, and gone before it waits; it has none.
"""

from server.web.errors import BodyTooLarge, Busy


class Budget:
    """Bytes for all requests together."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0

    @property
    def left_bytes(self) -> int:
        return self.limit_bytes - self.used_bytes


class Share:
    """What one request has of it."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._bytes = 0

    def check(self, size: int) -> None:
        """Raise Busy if so much more can't be had now, BodyTooLarge if it never can."""
        budget = self._budget
        if self._bytes + size > budget.limit_bytes:
            raise BodyTooLarge(f"the request takes over {budget.limit_bytes:,} bytes of memory; send less at once")
        if size > budget.left_bytes:
            raise Busy(f"the service is busy: requests hold {budget.used_bytes:,} bytes; try again shortly")

    def take(self, size: int) -> None:
        """So much more is held; raises what `check` raises."""
        self.check(size)
        self._bytes += size
        self._budget.used_bytes += size

    def give_back(self) -> None:
        """Nothing is held any more."""
        self._budget.used_bytes -= self._bytes
        self._bytes = 0
