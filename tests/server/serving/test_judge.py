"""What ends a canary, and what chance may do to one without its end."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from server.serving.evidence import evidence, of_any
from server.serving.judge import verdict
from server.serving.tally import BOUNDS, Arm, Tally
from server.store.canary import Canary, Outcome, Role

SHARE = 0.05
FAST, SLOW = 10, 20  # steps of BOUNDS
CANARY = Canary(
    id=1,
    role=Role.CANARY,
    version="2",
    against="1",
    percent=100 * SHARE,
    seconds=600,
    requests=100,
    next_seconds=0,
    started_at="",
    by="a test",
    reason="",
    ended_at=None,
    ended_by=None,
    outcome=None,
    why=None,
    move=0,
    parts=[],
)


def arm(labels: dict[str, int], times: dict[int, int] | None = None) -> Arm:
    number = sum(labels.values())
    counted = Arm(number)
    counted.labels.update(labels)
    for step, each in (times or {FAST: number}).items():
        counted.times[step] = each
    return counted


def alike(requests: int) -> Tally:
    """Both versions answer evenly and fast."""
    others = int(requests * (1 - SHARE) / SHARE)
    return Tally(arm(dict.fromkeys("0123456789", requests // 10)), arm(dict.fromkeys("0123456789", others // 10)))


def end(tally: Tally, **told: tuple[int, int]) -> tuple[Outcome, str] | None:
    found = verdict(CANARY, tally, {name[1:]: words for name, words in told.items()})
    return None if found is None else (found.outcome, found.why)


@pytest.mark.parametrize("requests", [10, 100, 1000, 100_000])
def test_one_that_does_not_differ_goes_on_until_its_time_is_up(requests: int) -> None:
    tally = alike(requests)
    assert end(tally) is None
    tally.seconds = 600
    found = end(tally)
    assert found is not None
    assert found[0] == (Outcome.PROMOTED if requests >= 100 else Outcome.ENDED)


def test_the_first_thing_that_no_version_may_do_ends_it() -> None:
    assert end(replace(alike(1000), problem="it failed", seconds=600)) == (Outcome.RETURNED, "it failed")


def test_one_that_never_says_a_label_is_returned() -> None:
    tally = replace(alike(300), canary=arm(dict.fromkeys("012345678", 33)))
    found = end(tally)
    assert found is not None
    assert (found[0], "'9' 0 times" in found[1]) == (Outcome.RETURNED, True)


def test_a_difference_too_small_to_matter_is_none() -> None:
    many = dict.fromkeys("0123456789", 100_000)
    assert end(Tally(arm(many | {"0": 110_000}), arm(dict.fromkeys("0123456789", 1_900_000)))) is None


def test_a_difference_that_chance_may_make_is_none() -> None:
    assert end(replace(alike(20), canary=arm({"3": 2, "4": 1}))) is None


@pytest.mark.parametrize(("slow", "is_over"), [(0, False), (2, False), (200, True)])
def test_one_that_keeps_many_waiting_is_returned(slow: int, is_over: bool) -> None:
    labels = dict.fromkeys("0123456789", 100)
    assert BOUNDS[SLOW] > 2 * BOUNDS[FAST]
    found = end(replace(alike(1000), canary=arm(labels, {FAST: 1000 - slow, SLOW: slow})))
    assert (found is not None and " ms" in found[1]) == is_over


def test_slow_hours_meet_both() -> None:
    labels, times = dict.fromkeys("0123456789", 100), {FAST: 900, SLOW: 100}
    others = arm(dict.fromkeys(labels, 1900), {FAST: 17_100, SLOW: 1900})
    assert end(Tally(arm(labels, times), others)) is None


def test_one_slow_request_of_few_may_be_chance() -> None:
    labels = dict.fromkeys("0123456789", 2)
    assert end(replace(alike(20), canary=arm(labels, {FAST: 19, SLOW: 1}))) is None


def test_what_it_did_not_answer_in_time_counts_as_slow() -> None:
    part = replace(alike(100), late=50).to_json()
    assert "requests took over" in (end(Tally.of([part])) or ("", ""))[1]


@pytest.mark.parametrize(
    ("labels", "wrong", "is_over"), [(1000, 55, True), (1000, 5, False), (1000, 0, False), (4, 2, False)]
)
def test_one_that_is_told_wrong_more_often_is_returned(labels: int, wrong: int, is_over: bool) -> None:
    found = end(alike(1000), v2=(labels, wrong), v1=(19_000, 95))
    assert (found is not None and found[0] == Outcome.RETURNED) == is_over


def test_the_workers_are_added_up() -> None:
    one, other = alike(1000), replace(alike(100), seconds=5.0, late=1, problem="it failed")
    whole = Tally.of([one.to_json(), other.to_json()])
    assert (whole.canary.requests, whole.current.requests) == (1101, 20_900)
    assert (whole.seconds, whole.late, whole.problem) == (5.0, 1, "it failed")
    assert whole.canary.labels["3"] == 110


def test_looking_often_raises_few_false_alarms(random: np.random.Generator) -> None:
    """Ville's inequality: an e-value over 20 at any of the looks in at most one run of twenty."""
    alarms = 0
    for _ in range(200):
        is_canary, labels = random.random(4000) < SHARE, random.integers(0, 10, 4000)
        alarms += any(
            of_any(
                evidence(
                    int((labels[:looked][is_canary[:looked]] == label).sum()),
                    int((labels[:looked][~is_canary[:looked]] == label).sum()),
                    int(is_canary[:looked].sum()),
                    int((~is_canary[:looked]).sum()),
                    SHARE,
                )
                for label in range(10)
            )
            > np.log(20)
            for looked in range(200, 4001, 200)
        )
    assert alarms <= 10


def test_a_watched_version_is_held_to_as_many_of_the_one_before() -> None:
    """Its share of what is compared is a half, whatever part of the requests that is; of samples it has all others."""
    watch = replace(CANARY, role=Role.WATCH)
    even, dead = arm(dict.fromkeys("0123456789", 100)), arm(dict.fromkeys("012345678", 111))
    assert verdict(watch, Tally(even, even), {"2": (1900, 10), "1": (100, 1)}) is None
    for tally, told in ((Tally(dead, even), {}), (Tally(even, even), {"2": (19_000, 1900), "1": (1000, 5)})):
        found = verdict(watch, tally, told)
        assert found is not None
        assert found.outcome is Outcome.RETURNED


@pytest.mark.parametrize(("requests", "outcome"), [(1000, Outcome.KEPT), (10, Outcome.ENDED)])
def test_a_watch_that_found_nothing_moves_nothing(requests: int, outcome: Outcome) -> None:
    even = arm(dict.fromkeys("0123456789", requests // 10))
    found = verdict(replace(CANARY, role=Role.WATCH), Tally(even, even, seconds=600), {})
    assert found is not None
    assert found.outcome is outcome


def test_the_larger_share_is_as_much_evidence_as_the_smaller() -> None:
    assert evidence(30, 300, 100, 1900, 0.05) == pytest.approx(evidence(300, 30, 1900, 100, 0.95))


@pytest.mark.parametrize(
    ("changed", "canary_seconds", "outcome"),
    [(200, 600.0, Outcome.RETURNED), (52, 600.0, Outcome.PASSED), (200, 0.0, Outcome.PASSED)],
)
def test_much_that_would_change_is_a_finding_where_a_canary_would_follow(
    changed: int, canary_seconds: float, outcome: Outcome
) -> None:
    """Five of a hundred is much, unless chance can make it of less."""
    shadow = replace(CANARY, role=Role.SHADOW, next_seconds=canary_seconds)
    even = arm(dict.fromkeys("0123456789", 100))
    found = verdict(shadow, Tally(even, even, changed=Counter({"3 → 8": changed}), seconds=600), {})
    assert found is not None
    assert found.outcome is outcome


def test_a_shadow_of_few_pictures_has_not_passed() -> None:
    few = arm({"3": 10})
    found = verdict(replace(CANARY, role=Role.SHADOW), Tally(few, few, seconds=600), {})
    assert found is not None
    assert found.outcome is Outcome.ENDED
