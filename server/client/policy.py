"""When retrains begin by themselves: what is set, what was decided by it, and the calls about both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, TypedDict

import httpx

from .calls import Call, in_path, once

PATH = "/retrain/policy"


class Parts(TypedDict, total=False):
    """What a policy has; None: not looked at, or any."""

    mode: Literal["off", "ask", "auto"]
    labels: int | None
    on_alarm: bool
    time_of_day: str | None  # HH:MM in UTC
    weekday: str | None
    quiet_minutes: int
    cooldown_minutes: int
    runs_a_day: int
    refusals: int
    shadow_minutes: float
    canary_minutes: float
    watch_minutes: float


@dataclass(frozen=True)
class Reason:
    """Why something was decided: a word for programs, a sentence for people, and the figures in it."""

    code: str
    text: str
    figures: dict[str, Any]


@dataclass(frozen=True)
class Decision:
    """What was decided by a policy, or about it."""

    decision: str  # its number, by which a proposal is answered
    outcome: str  # started, proposed, not, stopped, accepted, dismissed, withdrawn, edited, resumed
    time: str
    last_time: str
    times: int  # that the same was decided in a row
    reasons: tuple[Reason, ...]
    by: str | None
    job: str | None
    ended: str | None  # how that job did

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        reasons = tuple(Reason(each["code"], each["text"], each["figures"]) for each in content["reasons"])
        return cls(**{name: content[name] for name in cls.__dataclass_fields__} | {"reasons": reasons})


@dataclass(frozen=True)
class Policy:
    """What is set, and where it stands."""

    parts: Parts  # whatever the server has, since it is set whole
    is_stopped: bool  # by refusals in a row
    proposal: Decision | None  # that waits for a word
    tag: str  # tells it from others

    @classmethod
    def of(cls, answer: httpx.Response) -> Self:
        content = answer.json()
        proposal = content["proposal"]
        waiting = None if proposal is None else Decision.of(proposal)
        return cls(content["policy"], content["stopped"], waiting, answer.headers["ETag"])


def get() -> Call[Policy]:
    return Call("GET", PATH, Policy.of)


def replace(found: Policy, parts: Mapping[str, Any]) -> Call[Policy]:
    """Set these parts, unless what was found is no longer so."""
    request = {"json": {**found.parts, **parts}, "headers": {"If-Match": found.tag}}
    return Call("PUT", PATH, Policy.of, may_repeat=False, request=request)


def resume() -> Call[Policy]:
    return Call("POST", f"{PATH}/resume", Policy.of, may_repeat=False)


def decisions(limit: int) -> Call[list[Decision]]:
    return Call(
        *("GET", f"{PATH}/decisions", lambda answer: [Decision.of(each) for each in answer.json()["decisions"]]),
        request={"params": {"limit": limit}},
    )


def accept(proposal: str) -> Call[str]:
    """The job's number."""
    path = f"{PATH}/proposals/{in_path(proposal)}/accept"
    return Call("POST", path, lambda answer: str(answer.json()["job"]), request={"headers": once()})


def dismiss(proposal: str) -> Call[None]:
    return Call("POST", f"{PATH}/proposals/{in_path(proposal)}/dismiss", lambda _: None, may_repeat=False)
