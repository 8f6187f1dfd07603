"""What requests hold together is bounded, and comes back when they end."""

import pytest

from server.web.budget import Budget, Share
from server.web.errors import BodyTooLarge, Busy


def test_what_is_left_can_be_had_and_not_a_byte_more() -> None:
    budget = Budget(100)
    first, second = Share(budget), Share(budget)
    first.take(60)
    second.take(40)
    assert budget.left_bytes == 0
    with pytest.raises(Busy, match="requests hold 100 bytes"):
        second.take(1)
    with pytest.raises(Busy):
        Share(budget).check(1)
    first.give_back()
    first.give_back()
    assert budget.left_bytes == 60
    second.take(60)
    second.give_back()
    assert budget.left_bytes == 100


def test_what_can_never_be_had_is_too_large() -> None:
    share = Share(Budget(100))
    share.take(60)
    with pytest.raises(BodyTooLarge, match="over 100 bytes"):
        share.check(41)
    share.check(40)
