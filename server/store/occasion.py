"""Whether a retrain is due: what a policy asks for, held against what is known. Nothing here looks or waits.

Three triggers give occasion: labels, an alarm, a time. Guards hold it up: a job, a trial or a proposal that is there
already, a stop after refusals, quiet time, cooldown, the most runs of a day. Ages are seconds by a clock that does not
jump (elapsed.py); the wall clock says only whether it is the set time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from server.store.files import Json
from server.store.policy import WEEKDAYS, Mode, Policy

DAY_SECONDS = 86_400.0
DUE_SECONDS = 3600.0  # after the set time; whatever still holds a retrain up then, it waits for the next


class Outcome(StrEnum):
    """What was decided, by the policy or about it."""

    STARTED = "started"
    PROPOSED = "proposed"
    NOT = "not"
    STOPPED = "stopped"
    ACCEPTED = "accepted"  # a proposal, as the following two
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"
    EDITED = "edited"
    RESUMED = "resumed"


@dataclass(frozen=True)
class Reason:
    """Why: a code word, a sentence, and the figures in it."""

    code: str
    text: str
    figures: dict[str, Json]

    def as_json(self) -> dict[str, Json]:
        return {"code": self.code, "text": self.text, "figures": self.figures}


@dataclass(frozen=True)
class Facts:
    """What a decision rests on."""

    now: datetime  # in UTC, by the wall clock
    labels: int = 0  # newly accepted since the last training, or since a proposal was dismissed
    quiet_seconds: float | None = None  # since the newest label; None before the first
    alarms: tuple[str, ...] | None = None  # that are open; None where nobody watches for any
    last_seconds: float | None = None  # since the last retrain began, whoever began it, or a proposal was dismissed
    runs: tuple[float, ...] = ()  # seconds since each that the policy began
    refusals: int = 0  # in a row, of its own
    is_stopped: bool = False
    open_job: str | None = None
    tried: str | None = None  # the version that is in shadow, or a canary
    is_proposed: bool = False
    obstacle: str | None = None  # why no training could begin, whoever asked for it


@dataclass(frozen=True)
class Decision:
    """What is to be done, and why; of NOT, why not."""

    outcome: Outcome
    reasons: tuple[Reason, ...]


def decide(policy: Policy, facts: Facts) -> Decision:
    """What the policy says of these facts: STARTED, PROPOSED, STOPPED or NOT."""
    if policy.mode is Mode.OFF:
        return Decision(Outcome.NOT, (Reason("off", "the policy is off", {}),))
    if facts.refusals >= policy.refusals and not facts.is_stopped:
        figures: dict[str, Json] = {"refusals": facts.refusals}
        text = f"{facts.refusals} retrains in a row were refused or failed; it begins none until somebody resumes it"
        return Decision(Outcome.STOPPED, (Reason("refusals", text, figures),))
    triggers = tuple(_triggers(policy, facts))
    due = tuple(reason for holds, reason in triggers if holds)
    if not due:
        return Decision(Outcome.NOT, tuple(reason for _, reason in triggers) or (_no_trigger(),))
    held_up = tuple(_guards(policy, facts))
    if held_up:
        return Decision(Outcome.NOT, held_up)
    return Decision(Outcome.STARTED if policy.mode is Mode.AUTO else Outcome.PROPOSED, due)


def _triggers(policy: Policy, facts: Facts) -> Iterator[tuple[bool, Reason]]:
    """Each trigger that is set: whether it gives occasion, and what it says. None does without a new label."""
    is_any = facts.labels > 0
    if policy.labels is not None:
        figures: dict[str, Json] = {"labels": facts.labels, "wanted": policy.labels}
        text = f"{facts.labels:,} of {policy.labels:,} labels were newly accepted since the last training"
        yield facts.labels >= policy.labels, Reason("labels", text, figures)
    if policy.on_alarm:
        yield _alarm(facts)
    if policy.time_of_day is not None:
        figures = {"time": policy.time_of_day, "weekday": policy.weekday}
        words = f"{policy.time_of_day} UTC" + (f" on {policy.weekday}" if policy.weekday is not None else "")
        if not _is_time(policy, facts):
            yield False, Reason("not_the_time", f"it is not {words}, or a retrain began since", figures)
        elif not is_any:
            yield False, Reason("time_no_label", f"it is {words}, but no label is new", figures)
        else:
            yield True, Reason("time", f"it is {words}", figures)


def _alarm(facts: Facts) -> tuple[bool, Reason]:
    if facts.alarms is None:
        return False, Reason("no_alarm_watched", "no alarm is watched", {})
    if not facts.alarms:
        return False, Reason("no_alarm", "no alarm is open", {})
    figures: dict[str, Json] = {"alarms": list(facts.alarms)}
    if not facts.labels:
        return False, Reason("alarm_no_label", f"an alarm is open ({facts.alarms[0]}), but no label is new", figures)
    return True, Reason("alarm", f"an alarm is open: {facts.alarms[0]}", figures)


def _is_time(policy: Policy, facts: Facts) -> bool:
    """Whether the set time was just now, and no retrain has begun since."""
    assert policy.time_of_day is not None
    hour, minute = map(int, policy.time_of_day.split(":"))
    slot = facts.now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    slot -= timedelta(days=slot > facts.now)
    if policy.weekday is not None and slot.weekday() != WEEKDAYS.index(policy.weekday):
        return False
    since = (facts.now - slot).total_seconds()
    return since < DUE_SECONDS and (facts.last_seconds is None or facts.last_seconds > since)


def _guards(policy: Policy, facts: Facts) -> Iterator[Reason]:
    """What holds a retrain up that there is occasion for."""
    if facts.is_stopped:
        yield Reason("stopped", "it was stopped after refusals in a row, and nobody has resumed it", {})
    if facts.open_job is not None:
        yield Reason("job_open", f"job {facts.open_job} is open", {"job": facts.open_job})
    if facts.tried is not None:
        text = f"version {facts.tried} is tried beside the one that serves, and it is not known yet how that ends"
        yield Reason("tried", text, {"version": facts.tried})
    if facts.is_proposed:
        yield Reason("proposal_open", "a proposal waits for an answer", {})
    quiet = policy.quiet_minutes * 60
    if facts.quiet_seconds is not None and facts.quiet_seconds < quiet:
        text = f"labels still come: the newest is not {policy.quiet_minutes} minutes old"
        yield Reason("not_quiet", text, {"minutes": policy.quiet_minutes})
    if facts.last_seconds is not None and facts.last_seconds < policy.cooldown_minutes * 60:
        text = (
            f"the last retrain began, or the last proposal was dismissed, under {policy.cooldown_minutes} minutes ago"
        )
        yield Reason("cooldown", text, {"minutes": policy.cooldown_minutes})
    today = sum(age < DAY_SECONDS for age in facts.runs)
    if today >= policy.runs_a_day:
        text = f"it began {today} within 24 hours, of at most {policy.runs_a_day}"
        yield Reason("runs_a_day", text, {"runs": today, "most": policy.runs_a_day})
    if facts.obstacle is not None:
        yield Reason("obstacle", facts.obstacle, {"why": facts.obstacle})


def _no_trigger() -> Reason:
    return Reason("no_trigger", "nothing is set that gives occasion", {})
