"""Is a canary worse than the version that serves, or a watched one than the one before? What follows.

Each finding takes two things: that chance would hardly make it (evidence.py), and that it is large enough to matter. Of
versions that do not differ from the other at most one in a thousand is returned, a third of that for each of
the three findings, however long it takes and however often this is asked.
"""

from collections.abc import Mapping
from math import log

from server.serving.evidence import evidence, of_any, over
from server.serving.tally import BOUNDS, Arm, Tally
from server.store.canary import Canary, Outcome, Role, Verdict

ERROR = 0.001  # probability that a canary which does not differ is returned
SLOWER = 2.0  # times the current version's 99th percentile, in which at least 99 of 100 requests must be answered
SLOW_SHARE = 0.01
SHIFT = 0.05  # of all answers that go to other labels than the current version's

_ENOUGH = log(3 / ERROR)

Told = Mapping[str, tuple[int, int]]  # version -> labels that were told of its answers, and how many say it was wrong


def verdict(canary: Canary, tally: Tally, told: Told) -> Verdict | None:
    """What is to become of it now; None while it goes on."""
    if canary.role is Role.SHADOW:
        return _of_shadow(canary, tally)
    found = tally.problem or _is_slow(canary, tally) or _is_shifted(canary, tally) or _is_wrong(canary, told)
    if found is not None:
        return Verdict(Outcome.RETURNED, found)
    if tally.seconds < canary.seconds:
        return None
    is_watch = canary.role is Role.WATCH
    requests, minutes = tally.canary.requests, f"{canary.seconds / 60:g} minutes"
    if requests < canary.requests:
        so = "nothing is known of it" if is_watch else "it was not promoted"
        why = f"only {requests} of the {canary.requests} requests came that it takes to judge it, so {so}"
        return Verdict(Outcome.ENDED, why)
    if is_watch:
        return Verdict(
            Outcome.KEPT, f"in {minutes} {requests} requests were compared, no worse than of version {canary.against}"
        )
    return Verdict(
        Outcome.PROMOTED,
        f"as a canary it answered {requests} requests, {canary.percent:g} % for {minutes}, no worse than version "
        f"{canary.against}",
    )


def _of_shadow(canary: Canary, tally: Tally) -> Verdict | None:
    """Much that would be answered differently is a finding only where something follows by itself."""
    pictures, changed = tally.canary.requests, tally.changed.total()
    found = tally.problem
    is_much = changed > SHIFT * pictures and over(changed, pictures, SHIFT) > log(1 / ERROR)
    if found is None and canary.next_seconds and is_much:
        most, number = tally.changed.most_common(1)[0]
        found = f"of {pictures} answers {changed} would be others, {number} of them {most}"
    if found is not None:
        return Verdict(Outcome.RETURNED, found)
    if tally.seconds < canary.seconds:
        return None
    if pictures < canary.requests:
        why = f"it was asked of {pictures} of the {canary.requests} pictures only that it takes to say anything"
        return Verdict(Outcome.ENDED, why)
    return Verdict(Outcome.PASSED, f"of {pictures} answers {changed} would be others")


def p99_ms(arm: Arm) -> float | None:
    """The bound in milliseconds within which 99 of 100 requests were answered; None without any."""
    return round(BOUNDS[arm.step_of(SLOW_SHARE)] * 1e3, 3) if arm.requests else None


def _is_slow(canary: Canary, tally: Tally) -> str | None:
    """By the time in the queue and in the model, since all else is the same for both."""
    one, other = tally.canary, tally.current
    if not one.requests or not other.requests:
        return None
    usual = BOUNDS[other.step_of(SLOW_SHARE)]
    step = next((step for step, bound in enumerate(BOUNDS) if bound >= SLOWER * usual), len(BOUNDS) - 1)
    slow = one.over(step)
    if slow <= SLOW_SHARE * one.requests:
        return None
    # Whichever of the bounds it is: all of them could have been looked at.
    found = evidence(slow, other.over(step), one.requests, other.requests, canary.share)
    if found < _ENOUGH + log(len(BOUNDS)):
        return None
    return (
        f"{slow} of its {one.requests} requests took over {BOUNDS[step] * 1e3:.2g} ms, of version {canary.against}'s "
        f"{other.over(step)} of {other.requests}"
    )


def _is_shifted(canary: Canary, tally: Tally) -> str | None:
    one, other = tally.canary.labels, tally.current.labels
    requests, others = one.total(), other.total()
    if not requests or not others:
        return None
    labels = sorted({*one, *other})
    shifts = {label: one[label] / requests - other[label] / others for label in labels}
    if sum(map(abs, shifts.values())) / 2 < SHIFT:
        return None
    found = of_any(evidence(one[label], other[label], requests, others, canary.share) for label in labels)
    if found < _ENOUGH:
        return None
    most = max(labels, key=lambda label: abs(shifts[label]))
    against = f"version {canary.against} {other[most]} times in {others}"
    return f"it answered {most!r} {one[most]} times in {requests}, {against}"


def _is_wrong(canary: Canary, told: Told) -> str | None:
    labels, wrong = told.get(canary.version, (0, 0))
    others, others_wrong = told.get(canary.against, (0, 0))
    if not labels or not others or wrong / labels <= others_wrong / others:
        return None
    if evidence(wrong, others_wrong, labels, others, canary.share_of_samples) < _ENOUGH:
        return None
    return (
        f"of {labels} labels that were told of its answers {wrong} say that it was wrong, of {others} of version "
        f"{canary.against}'s {others_wrong}"
    )
