"""When a version takes too much of the processor beside another."""

from itertools import chain, repeat

import pytest

from server.serving.cost import LEAST_SECONDS, costs_more

PICTURES = 32


def taking(*seconds: float) -> chain[float]:
    """A version that takes these seconds, and the last of them from then on."""
    return chain(seconds, repeat(seconds[-1]))


@pytest.mark.parametrize(
    ("its", "usual", "is_much"),
    [
        (1.2e-3, 0.4e-3, True),  # three times the model that ships
        (0.7e-3, 0.4e-3, False),
        (30.0, 10.0, True),
        (3e-6, 1e-6, False),  # of a picture less than can be told
    ],
)
def test_twice_as_much_is_much_where_it_can_be_told(its: float, usual: float, is_much: bool) -> None:
    found = costs_more(taking(its).__next__, taking(usual).__next__, PICTURES)
    assert found == ((its, usual) if is_much else None)


def test_a_busy_moment_is_nobodys_cost() -> None:
    busy, calm = 10e-3, 0.4e-3
    assert costs_more(taking(busy, busy, calm).__next__, taking(calm).__next__, PICTURES) is None
    assert costs_more(taking(3 * calm).__next__, taking(busy, calm).__next__, PICTURES) is not None


def test_the_least_is_of_a_picture() -> None:
    usual = LEAST_SECONDS / 2
    for pictures, is_much in ((1, True), (2, False)):
        found = costs_more(taking(usual + 1.5 * LEAST_SECONDS).__next__, taking(usual).__next__, pictures)
        assert (found is not None) == is_much
