"""Connected parts are what a flood would find, and of them the digit is kept."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from server.pictures.parts import digit_of, parts_of


def flooded(mask: np.ndarray) -> np.ndarray:
    """The labels that a flood fill gives, part by part in reading order."""
    labels = np.zeros(mask.shape, int)
    for start in map(tuple, np.argwhere(mask)):
        if labels[start]:
            continue
        label, waiting = labels.max() + 1, [start]
        while waiting:
            row, column = waiting.pop()
            if (
                0 <= row < mask.shape[0]
                and 0 <= column < mask.shape[1]
                and mask[row, column]
                and not labels[row, column]
            ):
                labels[row, column] = label
                waiting += [(row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return labels


@settings(max_examples=200, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_parts_are_those_of_a_flood(mask: np.ndarray) -> None:
    found, expected = parts_of(mask), flooded(mask)
    assert found is not None
    assert np.array_equal(found.labels, expected)
    for part, (box, size) in enumerate(zip(found.boxes, found.sizes, strict=True), start=1):
        rows, columns = np.nonzero(expected == part)
        assert size == len(rows)
        assert box.tolist() == [rows.min(), rows.max() + 1, columns.min(), columns.max() + 1]


def test_a_frame_alone_is_no_digit() -> None:
    mask = np.zeros((40, 40), bool)
    mask[[0, -1]] = mask[:, [0, -1]] = True
    parts = parts_of(mask)
    assert parts is not None
    assert not digit_of(parts).any()


def test_strokes_that_do_not_touch_are_kept_together() -> None:
    mask = np.zeros((40, 40), bool)
    mask[10:30, 12:15] = mask[10:13, 17:28] = True
    parts = parts_of(mask)
    assert parts is not None
    assert digit_of(parts).tolist() == [True, True]
