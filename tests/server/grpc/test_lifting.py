"""The scan of a message finds what a parser finds, and refuses what would take one long."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tritonclient.grpc import service_pb2

from server.grpc.lifting import FIELDS_LIMIT, PARSED_LIMIT_BYTES, lifted
from server.web.errors import BodyTooLarge, Malformed


@given(
    name=st.text(max_size=300),
    raw=st.lists(st.binary(max_size=300), max_size=5),
    shapes=st.lists(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4), max_size=4),
    extra=st.sampled_from([b"", b"\x7d\0\0\0\0", b"\x79" + bytes(8), b"\x78\x80\x01"]),
)
def test_raw_contents_are_what_a_parser_finds_and_the_rest_is_kept(
    name: str, raw: list[bytes], shapes: list[list[int]], extra: bytes
) -> None:
    request = service_pb2.ModelInferRequest(model_name=name, inputs=[{"shape": shape} for shape in shapes])
    rest = request.SerializeToString()
    request.raw_input_contents.extend(raw)
    found = lifted(extra + request.SerializeToString())  # fields that nobody knows may stand anywhere
    assert [bytes(each) for each in found.raw] == raw
    assert found.message == extra + rest


@given(st.binary(max_size=60))
def test_bytes_that_are_no_message_are_refused_or_left_to_the_parser(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        message, raw = lifted(data)
        assert len(message) + sum(map(len, raw)) <= len(data)


@pytest.mark.parametrize(
    "wrong", [b"\x3a", b"\x3a\x05abcd", b"\x3a\xff\xff\xff\xff\x0f", b"\x80", b"\x3b", b"\x7d\0\0\0", b"\xff" * 20]
)
def test_a_message_that_is_cut_or_none_is_refused(wrong: bytes) -> None:
    with pytest.raises(Malformed, match="no ModelInferRequest"):
        lifted(wrong)


def test_what_a_parser_would_take_apart_is_bounded() -> None:
    large = service_pb2.ModelInferRequest(raw_input_contents=[bytes(2**24)], model_name="a" * (PARSED_LIMIT_BYTES - 4))
    assert len(lifted(large.SerializeToString()).message) == PARSED_LIMIT_BYTES
    large.model_name += "a"
    with pytest.raises(BodyTooLarge, match="raw_input_contents"):
        lifted(large.SerializeToString())
    assert len(lifted(b"\x32\0" * FIELDS_LIMIT).message) == 2 * FIELDS_LIMIT
    with pytest.raises(Malformed, match="fields"):
        lifted(b"\x32\0" * (FIELDS_LIMIT + 1))
