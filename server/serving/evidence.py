"""Does one version's answers fall otherwise than another's? Evidence that may be looked at as often as one likes.

Chance gives each request to the canary, so if the two do not differ, a request's kind (slow or not, this label or
another) says nothing of who answered it. Against that stands a mixture of all shares, each kind with its own; the ratio
of the two, with the most that one share for all could make of it in the denominator, is an e-value: the probability
that it ever exceeds 1/a, however often one looks, is at most a (Wasserman, Ramdas and Balakrishnan 2020, Universal
inference, https://doi.org/10.1073/pnas.1922664117; for canaries: Lindon, Sanden and Shirikian 2022, Rapid regression
detection in software deployments through sequential testing, https://doi.org/10.1145/3534678.3539099).
"""

from collections.abc import Iterable
from math import exp, inf, lgamma, log

_ANY = 0.5  # Jeffreys' prior, for the share of the kind that is looked at
_LIKELY = 10.0  # as many earlier requests of the smaller share is it worth that others come as was asked for


def evidence(canary: int, current: int, of_canary: int, of_current: int, share: float) -> float:
    """The logarithm of the e-value that a kind of request is not as frequent with the canary as with the other.

    `canary` and `current` requests are of the kind, out of `of_canary` and `of_current`; `share` is about what part of
    all the canary is given.
    """
    others, others_current = of_canary - canary, of_current - current
    mixture = _mixed(canary, current, _ANY, _ANY)
    earlier = _LIKELY / min(share, 1 - share)
    mixture += _mixed(others, others_current, earlier * share, earlier * (1 - share))
    return mixture - _most(of_canary, of_current)


def over(number: int, of: int, share: float) -> float:
    """The logarithm of the e-value that things of a kind, so many, are not as frequent as a share that is known."""
    others = of - number
    return _mixed(number, others, _ANY, _ANY) - number * log(share) - others * log(1 - share)


def of_any(values: Iterable[float]) -> float:
    """The logarithm of the mean of e-values, which is one itself."""
    listed = list(values)
    largest = max(listed, default=-inf)
    if largest == -inf:
        return -inf
    return largest + log(sum(exp(value - largest) for value in listed) / len(listed))


def _mixed(one: int, other: int, prior_one: float, prior_other: float) -> float:
    """How probable such a sequence is over all shares, by the prior Beta(prior_one, prior_other)."""
    return _log_beta(one + prior_one, other + prior_other) - _log_beta(prior_one, prior_other)


def _most(one: int, other: int) -> float:
    """How probable it is at most, under one share for all."""
    return sum(number * log(number / (one + other)) for number in (one, other) if number)


def _log_beta(one: float, other: float) -> float:
    return lgamma(one) + lgamma(other) - lgamma(one + other)
