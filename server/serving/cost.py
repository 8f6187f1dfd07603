"""Does one version take much more of the processor than another? Measured in turn; of each the quickest counts.

In turn, since what was measured when each was loaded was measured on another machine: a busier one, or a colder one.
"""

from collections.abc import Callable

SLOWER = 2.0  # times the other's
LEAST_SECONDS = 3e-6  # more for a picture: of a whole request, some 75, that is what it is measured to
TURNS = 5


def costs_more(one: Callable[[], float], other: Callable[[], float], pictures: int) -> tuple[float, float] | None:
    """The seconds that each took, where the first is the slower by much; None where it is not.

    Each call gives the processor time that so many pictures took a version just now, in seconds.
    """
    its, usual = one(), other()
    for _ in range(TURNS - 1):
        its, usual = min(its, one()), min(usual, other())
    is_much = its > SLOWER * usual and its - usual > LEAST_SECONDS * pictures
    return (its, usual) if is_much else None
