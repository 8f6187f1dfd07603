"""A version beside the one that serves: asked in secret, tried on a share, or watched after it was promoted."""

from dataclasses import dataclass
from typing import Any, Self, TypedDict

import httpx

from .calls import Call, expecting, in_path, once


class Watching(TypedDict, total=False):
    """How a version is watched once it was promoted; the server has a default for each, and for watch_minutes none."""

    watch_minutes: float
    percent: float  # of the requests that the one before answers meanwhile
    requests: int  # without which nothing can be said of it


class Trial(TypedDict, total=False):
    """How a version is tried; the server has a default for each."""

    percent: float  # of the requests that it is given
    minutes: float
    requests: int  # that it must have answered to be promoted
    watch_minutes: float  # that it is watched once it was


class Asking(TypedDict, total=False):
    """How a version is asked in secret; the server has a default for each."""

    percent: float  # of the answers, whose pictures it is asked of
    minutes: float
    pictures: int  # that it must have been asked of to have passed
    canary_minutes: float  # of a canary that begins once it has passed


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
class Asked:
    """What one of the two versions says of the pictures that both were asked of; milliseconds in the model alone."""

    pictures: int
    p99_ms: float | None
    labels: dict[str, int]

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        return cls(content["pictures"], content["p99_ms"], content["labels"])


@dataclass(frozen=True)
class Comparison:
    """Two versions beside one another."""

    version: str
    against: str  # the version that serves meanwhile, or that did before one that is watched
    state: str  # running, or how it ended: promoted, passed, kept, returned since it was worse, stopped, ended
    percent: float
    minutes: float
    started_at: str
    by: str
    reason: str
    ended_at: str | None
    ended_by: str | None
    why: str | None  # it ended so
    minutes_done: float

    @property
    def is_running(self) -> bool:
        return self.state == "running"

    @classmethod
    def _read(cls, content: dict[str, Any], **more: Any) -> Self:
        fields = {name: content[name] for name in cls.__dataclass_fields__ if name in content}
        return cls(**fields, minutes_done=content["progress"]["minutes"], **more)


@dataclass(frozen=True)
class Canary(Comparison):
    """A trial of a version on a share of the requests."""

    requests: int
    watch_minutes: float
    tried: Arm
    current: Arm
    late: int  # requests that the current version answered instead, after a second

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        far = content["progress"]
        return cls._read(content, tried=Arm.of(far["canary"]), current=Arm.of(far["current"]), late=far["late"])


@dataclass(frozen=True)
class Watch(Comparison):
    """The watch after a promotion."""

    requests: int
    current: Arm
    before: Arm

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        far = content["progress"]
        return cls._read(content, current=Arm.of(far["current"]), before=Arm.of(far["before"]))


@dataclass(frozen=True)
class Shadow(Comparison):
    """A version that answers nobody, and what it would say."""

    pictures: int
    canary_minutes: float
    asked: Asked
    current: Asked
    changed: dict[str, int]  # how often which answer would be which other, as "3 → 8": the most frequent
    dropped: int  # pictures that it had no time for
    agreement: float | None

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        far = content["progress"]
        more = {name: far[name] for name in ("changed", "dropped", "agreement")}
        return cls._read(content, asked=Asked.of(far["shadow"]), current=Asked.of(far["current"]), **more)


def begin_canary(version: str, reason: str, expected: str | None, trial: Trial) -> Call[Canary]:
    return Call("POST", _path(version, "canary"), _canary, request=_request(trial, reason, expected))


def canary(version: str) -> Call[Canary]:
    return Call("GET", _path(version, "canary"), lambda answer: Canary.of(answer.json()))


def end_canary(version: str) -> Call[Canary]:
    return Call("DELETE", _path(version, "canary"), _canary, may_repeat=False)


def begin_shadow(version: str, reason: str, expected: str | None, asking: Asking) -> Call[Shadow]:
    return Call("POST", _path(version, "shadow"), _shadow, request=_request(asking, reason, expected))


def shadow(version: str) -> Call[Shadow]:
    return Call("GET", _path(version, "shadow"), lambda answer: Shadow.of(answer.json()))


def end_shadow(version: str) -> Call[Shadow]:
    return Call("DELETE", _path(version, "shadow"), _shadow, may_repeat=False)


def watch(version: str) -> Call[Watch]:
    return Call("GET", _path(version, "watch"), lambda answer: Watch.of(answer.json()))


def end_watch(version: str) -> Call[Watch]:
    return Call("DELETE", _path(version, "watch"), lambda answer: Watch.of(answer.json()["watch"]), may_repeat=False)


def _path(version: str, role: str) -> str:
    return f"/models/{in_path(version)}/{role}"


def _request(asked: Trial | Asking, reason: str, expected: str | None) -> dict[str, Any]:
    content = {**asked, "reason": reason} if reason else asked
    return {"json": content, "headers": expecting(expected) | once()}


def _canary(answer: httpx.Response) -> Canary:
    return Canary.of(answer.json()["canary"])


def _shadow(answer: httpx.Response) -> Shadow:
    return Shadow.of(answer.json()["shadow"])
