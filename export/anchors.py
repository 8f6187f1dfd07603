"""Small losses do not add up: the candidate is held to the best version so far of each slice, and to the baseline.

Of each slice, not of all: a class that slides while others gain would take the measure along with it
(docs/decisions/0037-each-slice-has-its-best.md).
"""

from collections.abc import Callable, Sequence

from export.answers import Said
from export.calibration import calibration_loss, error_of
from export.slices import Slice
from export.verdict import Check
from server.store.pointer import BASELINE


def slice_checks(
    each: Slice, earlier: Sequence[Said], now: Said, current: str | None, significance: float, margin: float
) -> list[Check]:
    """A slice against its anchors: the margin down at most, or what chance explains of so few images."""
    anchors = _anchors(earlier, current, lambda said: int(each.right(said).sum()))
    return [each.check(anchor, now, significance / len(anchors), margin, anchor.version) for anchor in anchors]


def calibration_checks(
    earlier: Sequence[Said], now: Said, current: str | None, significance: float, margin: float
) -> list[Check]:
    """The calibration error against the baseline's and the smallest so far."""
    anchors = _anchors(earlier, current, lambda said: -error_of(said.gate))
    return [calibration_check(anchor, now, significance / len(anchors), margin, anchor.version) for anchor in anchors]


def calibration_check(before: Said, now: Said, significance: float, margin: float, since: str | None = None) -> Check:
    """Above the margin only so far as the same images drawn otherwise could make it."""
    error_before, error = error_of(before.gate), error_of(now.gate)
    limit = error_before + margin
    if error > limit:
        noise = error - error_before - calibration_loss(before.gate, now.gate, significance)
        limit += max(noise, 0.0)
    name = "calibration error" + (f" since version {since}" if since else "")
    return Check(name, error, limit, len(now.gate.right), error <= limit, since=since)


def _anchors(earlier: Sequence[Said], current: str | None, worth: Callable[[Said], float]) -> list[Said]:
    """The baseline and the version worth most, the oldest of equal ones; not the current one, compared with anyway."""
    best = [max(earlier, key=worth)] if earlier else []
    baseline = [said for said in earlier if said.version == BASELINE]
    found = {said.version: said for said in (*baseline, *best)}
    return [said for version, said in found.items() if version != current]
