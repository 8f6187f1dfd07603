"""How long a body may take to arrive: it is never silent for long, and never slower than a pace."""


class Pace:
    """One body's. All moments are the event loop's seconds."""

    __slots__ = ("_brought_bytes", "_bytes_a_second", "_due", "_held_since", "_silence_seconds")

    def __init__(self, now: float, silence_seconds: float, bytes_a_second: int) -> None:
        self._silence_seconds = silence_seconds
        self._bytes_a_second = bytes_a_second
        self._brought_bytes = 0
        self._due = now + silence_seconds  # when a body at the slowest pace, as late as may be, would bring more
        self._held_since = now

    def after(self, brought_bytes: int, now: float) -> float | None:
        """Until when more has to come, of a body that brought so much in all; None if that is no more than before."""
        grown = brought_bytes - self._brought_bytes
        if not grown:
            return None
        self._brought_bytes = brought_bytes
        self._due += grown / self._bytes_a_second
        return self.deadline(now)

    def deadline(self, now: float) -> float:
        return min(now + self._silence_seconds, self._due)

    def hold(self, now: float) -> None:
        """It is we who take no more of it."""
        self._held_since = now

    def go_on(self, now: float) -> float:
        """We do again; until when more has to come."""
        self._due += now - self._held_since
        return self.deadline(now)
