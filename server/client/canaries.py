"""A version that is tried on a share of the requests before it serves, and the calls about that."""

from dataclasses import dataclass
from typing import Any, Self, TypedDict

import httpx

from .calls import Call, expecting, in_path, once


class Trial(TypedDict, total=False):
    """How a version is tried; the server has a default for each."""

    percent: float  # of the requests that it is given
    minutes: float
    requests: int  # that it must have answered to be promoted


@dataclass(frozen=True)
class Arm:
    """What one of the two versions answered so far."""

    requests: int
    p99_ms: float | None
    labels: dict[str, int]

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        return cls(content["requests"], content["p99_ms"], content["labels"])


@dataclass(frozen=True)
class Canary:
    """A trial of a version."""

    version: str
    against: str  # the version that serves meanwhile
    state: str  # running, promoted, returned since it was worse, or how else it ended
    percent: float
    minutes: float
    requests: int
    started_at: str
    by: str
    reason: str
    ended_at: str | None
    ended_by: str | None
    why: str | None  # it ended so
    minutes_done: float
    tried: Arm
    current: Arm

    @property
    def is_running(self) -> bool:
        return self.state == "running"

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        far = content["progress"]
        fields = {name: content[name] for name in cls.__dataclass_fields__ if name in content}
        return cls(**fields, minutes_done=far["minutes"], tried=Arm.of(far["canary"]), current=Arm.of(far["current"]))


def begin(version: str, reason: str, expected: str | None, trial: Trial) -> Call[Canary]:
    content = {**trial, "reason": reason} if reason else trial
    request = {"json": content, "headers": expecting(expected) | once()}
    return Call("POST", _path(version), _told, request=request)


def get(version: str) -> Call[Canary]:
    return Call("GET", _path(version), lambda answer: Canary.of(answer.json()))


def end(version: str) -> Call[Canary]:
    return Call("DELETE", _path(version), _told, may_repeat=False)


def _path(version: str) -> str:
    return f"/models/{in_path(version)}/canary"


def _told(answer: httpx.Response) -> Canary:
    return Canary.of(answer.json()["canary"])
