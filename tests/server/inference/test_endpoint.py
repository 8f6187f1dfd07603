"""What is read on the event loop, and what by a thread."""

import pytest

from server.inference.endpoint import _is_quick
from server.inference.inferring import INLINE_BINARY_BYTES, INLINE_BYTES


@pytest.mark.parametrize(
    ("body_bytes", "header_bytes", "quick"),
    [
        (INLINE_BYTES, None, True),
        (INLINE_BYTES + 1, None, False),  # JSON alone
        (784, 0, True),  # a picture alone
        (INLINE_BINARY_BYTES, 200, True),
        (INLINE_BINARY_BYTES + 1, 200, False),
        (INLINE_BINARY_BYTES, INLINE_BYTES + 1, False),
    ],
)
def test_a_body_is_read_at_once_where_its_json_and_its_data_are_small(
    body_bytes: int, header_bytes: int | None, quick: bool
) -> None:
    assert _is_quick(body_bytes, header_bytes) is quick
