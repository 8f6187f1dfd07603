"""When a retrain is to begin without anybody pressing a button: what people set, a fact like any other.

Off until somebody says otherwise. Whether a retrain is due by it: occasion.py; the rows: policies.py.
"""

import json
import re
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

from server.store.canary import PERCENT, REQUESTS, SHADOW_PERCENT, Role, Trial, Wish
from server.store.errors import UnusablePolicy
from server.store.files import Json

RUNS_A_DAY_MOST = 100
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Of each number, the least and the most that it may be.
RANGES = {
    "labels": (1, 1_000_000),
    "quiet_minutes": (0, 1440),
    "cooldown_minutes": (0, 10_080),
    "runs_a_day": (1, RUNS_A_DAY_MOST),
    "refusals": (1, 100),
}
TRIAL = {
    "shadow_minutes": (0, 1440),
    "canary_minutes": (0, 1440),
    "watch_minutes": (0, 1440),
}  # as the calls about them
OPTIONAL = ("labels", "time_of_day", "weekday")

TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class Mode(StrEnum):
    """What becomes of an occasion."""

    OFF = "off"
    ASK = "ask"  # a proposal, which waits for a person's word
    AUTO = "auto"


@dataclass(frozen=True)
class Policy:
    """When to retrain. A trigger that is None, or False, is not looked at."""

    mode: Mode = Mode.OFF
    labels: int | None = 100  # newly accepted since the last training
    on_alarm: bool = True  # an alarm is open, and there are labels to learn from
    time_of_day: str | None = None  # HH:MM in UTC, every day, or of one weekday
    weekday: str | None = None
    quiet_minutes: int = 10  # without a new label, before anything begins
    cooldown_minutes: int = 60  # between the beginnings of two retrains
    runs_a_day: int = 4  # most within 24 hours
    refusals: int = 3  # so many in a row stop it, until a person resumes it
    shadow_minutes: float = (
        0  # that a version is in shadow which a retrain brought; the canary follows, if there is one
    )
    canary_minutes: float = 0  # that it is a canary, before it serves; 0: it serves at once
    watch_minutes: float = 0  # that it is watched once it serves

    @property
    def trial(self) -> Trial | None:
        """What a version that a retrain brings is held to first; None where that is nothing."""
        canary, watch = self.canary_minutes * 60, self.watch_minutes * 60
        if self.shadow_minutes:
            return Trial(Role.SHADOW, Wish(SHADOW_PERCENT, self.shadow_minutes * 60, REQUESTS, canary))
        if canary:
            return Trial(Role.CANARY, Wish(PERCENT, canary, REQUESTS, watch))
        return Trial(Role.WATCH, Wish(PERCENT, watch, REQUESTS)) if watch else None

    def as_json(self) -> dict[str, Json]:
        return asdict(self)


def parsed(given: dict[str, Json]) -> Policy:
    """The policy that a client sends, whole: what it does not name is as by default. Raises UnusablePolicy."""
    known = [field.name for field in fields(Policy)]
    for name, value in given.items():
        if name not in known:
            raise UnusablePolicy(f"{name[:40]!r} is no part of a policy; its parts are {', '.join(known)}")
        if value is not None or name not in OPTIONAL:
            _check(name, value)
    policy = Policy(**{**given, "mode": Mode(str(given.get("mode", Mode.OFF)))})  # type: ignore[arg-type]
    if policy.weekday is not None and policy.time_of_day is None:
        raise UnusablePolicy("weekday is given without time_of_day; give both, or the time alone for every day")
    return policy


def _check(name: str, value: Json) -> None:
    if name in RANGES:
        least, most = RANGES[name]
        is_right, wanted = type(value) is int and least <= value <= most, f"a whole number from {least} to {most:,}"
    elif name in TRIAL:
        least, most = TRIAL[name]
        is_right = type(value) in (int, float) and least <= float(str(value)) <= most
        wanted = f"a number from {least} to {most:,}"
    elif name == "on_alarm":
        is_right, wanted = isinstance(value, bool), "true or false"
    elif name == "time_of_day":
        is_right = isinstance(value, str) and bool(TIME_OF_DAY.fullmatch(value))
        wanted = 'a time of UTC such as "03:00"'
    else:
        words = WEEKDAYS if name == "weekday" else tuple(Mode)
        is_right, wanted = value in words, f"one of {', '.join(words)}"
    if not is_right:
        raise UnusablePolicy(f"{name} is {json.dumps(value)[:40]}; it must be {wanted}")
