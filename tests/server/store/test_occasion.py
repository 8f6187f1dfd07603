"""What a policy says of given facts: each trigger, each guard, and what holds whatever the facts are."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.store.canary import Role, Trial, Wish
from server.store.errors import UnusablePolicy
from server.store.occasion import DAY_SECONDS, Facts, Outcome, decide
from server.store.policy import RANGES, TRIAL, WEEKDAYS, Mode, Policy, parsed

FRIDAY = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
AUTO = Policy(Mode.AUTO, labels=10, on_alarm=False, quiet_minutes=5, cooldown_minutes=60, runs_a_day=2, refusals=3)
READY = Facts(FRIDAY, labels=10, quiet_seconds=301, last_seconds=3601)


def told(policy: Policy, facts: Facts) -> tuple[str, ...]:
    """The outcome and the code of each reason."""
    decision = decide(policy, facts)
    return (decision.outcome, *(reason.code for reason in decision.reasons))


def test_enough_labels_are_an_occasion() -> None:
    assert told(AUTO, READY) == ("started", "labels")
    assert told(AUTO, replace(READY, labels=9)) == ("not", "labels")
    assert told(replace(AUTO, mode=Mode.ASK), READY) == ("proposed", "labels")
    assert told(Policy(), READY) == ("not", "off")
    assert told(replace(AUTO, labels=None), READY) == ("not", "no_trigger")


def test_an_alarm_is_one_where_there_are_labels_to_learn_from() -> None:
    policy = replace(AUTO, labels=None, on_alarm=True)
    assert told(policy, READY) == ("not", "no_alarm_watched")
    assert told(policy, replace(READY, alarms=())) == ("not", "no_alarm")
    assert told(policy, replace(READY, alarms=("margin",), labels=1)) == ("started", "alarm")
    assert told(policy, replace(READY, alarms=("margin",), labels=0)) == ("not", "alarm_no_label")


@pytest.mark.parametrize(
    ("now", "weekday", "last_seconds", "labels", "expected"),
    [
        (FRIDAY, None, None, 1, ("started", "time")),
        (FRIDAY, "friday", None, 1, ("started", "time")),
        (FRIDAY, "saturday", None, 1, ("not", "not_the_time")),
        (FRIDAY.replace(minute=59), None, None, 1, ("started", "time")),
        (FRIDAY.replace(hour=4), None, None, 1, ("not", "not_the_time")),
        (FRIDAY.replace(hour=2, minute=59), None, None, 1, ("not", "not_the_time")),
        (FRIDAY.replace(minute=30), None, 1799, 1, ("not", "not_the_time")),
        (FRIDAY.replace(minute=30), None, 1801, 1, ("started", "time")),
        (FRIDAY, None, None, 0, ("not", "time_no_label")),
    ],
)
def test_a_time_is_one_for_an_hour_and_once(
    now: datetime, weekday: str | None, last_seconds: float | None, labels: int, expected: tuple[str, ...]
) -> None:
    policy = replace(AUTO, labels=None, time_of_day="03:00", weekday=weekday, cooldown_minutes=0)
    assert told(policy, Facts(now, labels, 9999, last_seconds=last_seconds)) == expected


def test_a_time_before_midnight_is_due_after_it() -> None:
    policy = replace(AUTO, labels=None, time_of_day="23:45", weekday="thursday")
    assert told(policy, replace(READY, now=FRIDAY.replace(hour=0, minute=15))) == ("started", "time")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quiet_seconds": 299}, "not_quiet"),
        ({"last_seconds": 3599}, "cooldown"),
        ({"runs": (3700, 86_399)}, "runs_a_day"),
        ({"open_job": "7"}, "job_open"),
        ({"tried": "3"}, "tried"),
        ({"is_proposed": True}, "proposal_open"),
        ({"is_stopped": True, "refusals": 3}, "stopped"),
        ({"obstacle": "the trainer is not there"}, "obstacle"),
    ],
)
def test_a_guard_holds_up_what_there_is_occasion_for(change: dict[str, Any], code: str) -> None:
    assert told(AUTO, replace(READY, **change)) == ("not", code)
    assert told(AUTO, replace(READY, **change, labels=0)) == ("not", "labels")


def test_refusals_in_a_row_stop_it_once() -> None:
    assert told(AUTO, replace(READY, refusals=2)) == ("started", "labels")
    assert told(AUTO, replace(READY, refusals=3)) == ("stopped", "refusals")
    assert told(AUTO, replace(READY, refusals=3, labels=0)) == ("stopped", "refusals")


AGES = st.floats(0, 3 * DAY_SECONDS)
SELDOM = st.sampled_from([False, False, False, True])  # else some guard nearly always holds up what another must
POLICIES = st.builds(
    Policy,
    mode=st.sampled_from([Mode.AUTO, Mode.ASK, Mode.AUTO, Mode.OFF]),
    labels=st.integers(1, 5) | st.none(),
    on_alarm=st.booleans(),
    time_of_day=st.sampled_from([None, "00:00", "03:00", "23:59"]),
    weekday=st.sampled_from([None, *WEEKDAYS]),
    quiet_minutes=st.just(0) | st.integers(0, 1440),
    cooldown_minutes=st.just(0) | st.integers(0, 10_080),
    runs_a_day=st.integers(1, 3),
    refusals=st.integers(1, 4),
)
FACTS = st.builds(
    Facts,
    now=st.datetimes(datetime(1971, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    labels=st.integers(5, 40) | st.integers(0, 40),
    quiet_seconds=st.none() | AGES,
    alarms=st.none() | st.lists(st.text(max_size=3), max_size=2).map(tuple),
    last_seconds=st.none() | AGES,
    runs=st.lists(AGES, max_size=6).map(tuple),
    refusals=st.just(0) | st.integers(0, 6),
    is_stopped=SELDOM,
    open_job=SELDOM.map(lambda there: "7" if there else None),
    tried=SELDOM.map(lambda there: "3" if there else None),
    is_proposed=SELDOM,
    obstacle=SELDOM.map(lambda there: "no trainer" if there else None),
)


@given(POLICIES, FACTS)
@settings(max_examples=400, deadline=None)
def test_whatever_the_facts_no_guard_is_passed(policy: Policy, facts: Facts) -> None:
    decision = decide(policy, facts)
    assert decision.reasons
    if decision.outcome is Outcome.STOPPED:
        assert facts.refusals >= policy.refusals
        assert policy.mode is not Mode.OFF
    if decision.outcome not in (Outcome.STARTED, Outcome.PROPOSED):
        return
    assert policy.mode is (Mode.AUTO if decision.outcome is Outcome.STARTED else Mode.ASK)
    assert facts.labels > 0
    assert sum(age < DAY_SECONDS for age in facts.runs) < policy.runs_a_day
    assert facts.last_seconds is None or facts.last_seconds >= 60 * policy.cooldown_minutes
    assert facts.quiet_seconds is None or facts.quiet_seconds >= 60 * policy.quiet_minutes
    assert not facts.is_stopped
    assert facts.refusals < policy.refusals
    assert facts.open_job is None
    assert facts.tried is None
    assert facts.obstacle is None
    assert not facts.is_proposed


def test_a_new_version_is_tried_in_steps() -> None:
    assert Policy().trial is None
    watch = replace(AUTO, watch_minutes=60).trial
    assert watch == Trial(Role.WATCH, Wish(5, 3600, 100))
    canary = replace(AUTO, canary_minutes=10, watch_minutes=60).trial
    assert canary == Trial(Role.CANARY, Wish(5, 600, 100, 3600))
    shadow = replace(AUTO, shadow_minutes=5, canary_minutes=10, watch_minutes=60).trial
    assert shadow == Trial(Role.SHADOW, Wish(20, 300, 100, 600))
    alone = replace(AUTO, shadow_minutes=5, watch_minutes=60).trial
    assert alone == Trial(Role.SHADOW, Wish(20, 300, 100, 0)), "nothing follows by itself"


@given(POLICIES.filter(lambda policy: policy.weekday is None or policy.time_of_day is not None))
def test_a_policy_comes_back_from_json_as_it_was(policy: Policy) -> None:
    assert parsed(policy.as_json()) == policy


@pytest.mark.parametrize(
    "given",
    [
        *({name: value} for name, (least, most) in RANGES.items() for value in (least - 1, most + 1, True, 1.5, "3")),
        *({name: value} for name, (least, most) in TRIAL.items() for value in (least - 1, most + 1, True, "3", None)),
        *({"mode": value} for value in ("on", None, 1)),
        *({"time_of_day": value} for value in ("24:00", "3:00", "03:00:00", 3, "0a:00")),
        *({"weekday": value, "time_of_day": "03:00"} for value in ("Monday", 1, ["monday"])),
        *(
            {"weekday": "monday"},
            {"on_alarm": 1},
            {"on_alarm": None},
            {"epochs": 3},
            {"runs_a_day": None},
        ),
    ],
)
def test_what_can_be_no_policy_is_named(given: dict[str, Any]) -> None:
    with pytest.raises(UnusablePolicy, match=next(iter(given))):
        parsed(given)
