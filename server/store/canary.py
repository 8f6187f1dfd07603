"""What a shadow, a canary and a watch are: two versions side by side, and what was said of it.

A canary is a version that does not serve; a watch is of one that was promoted, beside the one before it. A shadow
answers nobody: it is asked once more what the version that serves has answered.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

PERCENT, REQUESTS = 5.0, 100  # of the requests, and how many at least, by default
SHADOW_PERCENT = 20.0  # of the answers


class Role(StrEnum):
    """What the version is that is judged; a move, or an end, that nobody asked for is by that."""

    SHADOW = "shadow"
    CANARY = "canary"
    WATCH = "watch"


class Outcome(StrEnum):
    """How it ends."""

    PROMOTED = "promoted"
    PASSED = "passed"  # of a shadow: nothing was found
    KEPT = "kept"  # of a watch: no worse was found
    RETURNED = "returned"  # it was found worse
    STOPPED = "stopped"  # somebody asked for it
    ENDED = "ended"  # before anything could be said of it


ENDS = {
    Role.SHADOW: (Outcome.PASSED, Outcome.RETURNED, Outcome.STOPPED, Outcome.ENDED),
    Role.CANARY: (Outcome.PROMOTED, Outcome.RETURNED, Outcome.STOPPED, Outcome.ENDED),
    Role.WATCH: (Outcome.KEPT, Outcome.RETURNED, Outcome.STOPPED, Outcome.ENDED),
}


@dataclass(frozen=True)
class Verdict:
    """How it is to end, and why."""

    outcome: Outcome
    why: str


@dataclass(frozen=True)
class Wish:
    """What is asked."""

    percent: float
    seconds: float
    requests: int  # without which nothing can be said of it
    next_seconds: float = 0.0  # of the watch after a canary's promotion, or the canary after a shadow


@dataclass(frozen=True)
class Trial:
    """What a new version is held to first, by itself."""

    role: Role
    wish: Wish


@dataclass(frozen=True)
class Canary:
    """One of them, as far as it is known."""

    id: int
    role: Role
    version: str
    against: str
    percent: float
    seconds: float
    requests: int
    next_seconds: float
    started_at: str
    by: str
    reason: str
    ended_at: str | None
    ended_by: str | None
    outcome: Outcome | None
    why: str | None
    move: int  # the newest move of the pointer, when it began, or by its end
    parts: list[dict[str, Any]]  # what workers have counted of it

    @property
    def beside(self) -> str:
        """The version that stands beside the current one."""
        return self.against if self.role is Role.WATCH else self.version

    @property
    def share(self) -> float:
        """Of the requests that are compared, the part of the version that is judged."""
        return self.percent / 100 if self.role is Role.CANARY else 0.5

    @property
    def share_of_samples(self) -> float:
        """Of all requests, its part."""
        return self.percent / 100 if self.role is Role.CANARY else 1 - self.percent / 100


def canary_of(row: Row[Any], parts: list[dict[str, Any]]) -> Canary:
    """One as its row has it, with what workers have counted."""
    return Canary(
        id=row.id,
        role=Role(row.role),
        version=str(row.version),
        against=str(row.against),
        percent=row.percent,
        seconds=row.seconds,
        requests=row.requests,
        next_seconds=row.next_seconds,
        started_at=row.started_at,
        by=row.by,
        reason=row.reason,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        why=row.why,
        move=row.move_id,
        parts=parts,
    )


@dataclass(frozen=True)
class Known:
    """What is known of one that goes on by all workers."""

    parts: list[dict[str, Any]]
    told: dict[str, tuple[int, int]]  # version -> labels told of its answers since, and how many say it was wrong
    moved_to: str | None  # the version that was made current meanwhile


def moved(current: str | None) -> Verdict:
    """What becomes of it once the pointer has moved."""
    return Verdict(Outcome.ENDED, f"version {current} was made current meanwhile")
