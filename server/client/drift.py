"""Whether the world has moved since a version was made, the alarm about it, and the calls about both."""

from dataclasses import dataclass
from typing import Any, Self

from .calls import Call, in_path


@dataclass(frozen=True)
class Moved:
    """What is no longer as in the version's reference."""

    of: str  # label, margin, score, ink
    label: str | None
    at_most: float | None
    reference: float  # share of the answers about pictures that the version came with
    now: float  # share of the last answers
    answers: int
    distance: float

    @classmethod
    def of_all(cls, content: list[dict[str, Any]]) -> tuple[Self, ...]:
        return tuple(cls(**{name: each[name] for name in cls.__dataclass_fields__}) for each in content)


@dataclass(frozen=True)
class Alarm:
    """The answers are too far from the reference for chance."""

    id: str
    time: str
    version: str
    since: str
    statistic: str  # what moved most
    moved: tuple[Moved, ...]
    samples: tuple[str, ...]  # that show it, where an alarm was asked for by its number

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        fields = {name: content[name] for name in ("id", "time", "version", "since", "statistic")}
        return cls(**fields, moved=Moved.of_all(content["moved"]), samples=tuple(content.get("samples", ())))


@dataclass(frozen=True)
class Drift:
    """How far the last answers are from the reference; nothing of it where nothing is watched."""

    is_watching: bool
    reason: str | None  # why nothing is
    version: str | None
    answers: int | None
    distance: float | None
    threshold: float | None  # the distance that is an alarm
    moved: tuple[Moved, ...]
    alarm: Alarm | None

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        alarm = content["alarm"]
        return cls(
            content["watching"],
            content["reason"],
            content.get("model_version"),
            content.get("answers"),
            content.get("distance"),
            content.get("threshold"),
            Moved.of_all(content.get("moved", [])),
            None if alarm is None else Alarm.of(alarm),
        )


def get() -> Call[Drift]:
    return Call("GET", "/drift", lambda answer: Drift.of(answer.json()))


def alarm(number: str) -> Call[Alarm]:
    return Call("GET", f"/drift/alarms/{in_path(number)}", lambda answer: Alarm.of(answer.json()))


def close(number: str) -> Call[None]:
    return Call("POST", f"/drift/alarms/{in_path(number)}/close", lambda _: None, may_repeat=False)
