"""Where curves cross, and what may be said of five of them."""

import pytest

from benchmarks.model.labels_needed import LABELS, needed, summary

RISING = [0.95, 0.96, 0.97, 0.98, 0.99]


@pytest.mark.parametrize(
    ("accuracy", "labels"),
    [(0.94, LABELS[0]), (0.96, LABELS[1]), (0.975, (LABELS[2] * LABELS[3]) ** 0.5), (0.999, 2 * LABELS[-1])],
)
def test_labels_needed_are_where_the_curve_gets_there(accuracy: float, labels: float) -> None:
    assert needed(RISING, accuracy) == pytest.approx(labels)


def test_five_of_five_that_need_fewer_are_no_luck_and_three_are() -> None:
    flat = [0.96] * 5
    assert summary({"queue": [RISING] * 5, "random": [flat] * 5}) == {
        "share": LABELS[1] / LABELS[-1], "shares": [LABELS[1] / LABELS[-1]] * 5, "p": pytest.approx(1 / 32)
    }  # fmt: skip
    mixed = summary({"queue": [RISING] * 3 + [flat] * 2, "random": [flat] * 3 + [RISING] * 2})
    assert mixed["p"] == pytest.approx(0.5)
