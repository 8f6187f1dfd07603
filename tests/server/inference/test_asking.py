"""What a body asks for: flat = nested = binary, bit for bit, and what doesn't fit is refused before it is decoded."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from server.inference.asking import asked
from server.inference.lifting import lifted
from server.inference.numbers import WINDOW_BYTES, bytes_of
from server.inference.request import Asked, Output
from server.pictures.preprocessing import Preprocessing
from server.store.manifest import Manifest
from server.web.errors import BodyTooLarge, Malformed

LIMIT = 40  # pictures


def manifest(height: int = 2, width: int = 3, channels: int = 1) -> Manifest:
    preprocessing = Preprocessing("resize", height, width, channels)
    return Manifest("digits", "7", "", ("a", "b", "c"), preprocessing, ("probabilities", "score"), {}, 17)


def body(data: object = None, binary: bytes = b"", /, **changes: object) -> tuple[bytes, int | None]:
    """A request for one picture of 2x3, with changes to its input; None takes a field out."""
    image: dict[str, object] = {"name": "image", "shape": [1, 2, 3, 1], "datatype": "UINT8", "data": data} | changes
    image = {name: value for name, value in image.items() if value is not None}
    text = json.dumps({"inputs": [image]}).encode()
    return text + binary, len(text) if binary else None


def ask(data: object = None, binary: bytes = b"", /, **changes: object) -> Asked:
    text, header_bytes = body(data, binary, **changes)
    return asked(text, header_bytes, manifest(), LIMIT)


@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.sampled_from([1, 3])),
    seed=st.integers(0, 2**32 - 1),
    indent=st.sampled_from([None, 0, 2]),
)
def test_flat_is_nested_is_binary(shape: tuple[int, int, int, int], seed: int, indent: int | None) -> None:
    images = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)

    def read(data: object, binary: bytes = b"") -> NDArray[np.uint8]:
        image: dict[str, object] = {"name": "image", "shape": shape, "datatype": "UINT8"}
        image |= {"parameters": {"binary_data_size": len(binary)}} if binary else {"data": data}
        text = json.dumps({"id": 'a " ] } , [', "inputs": [image]}, indent=indent).encode()
        found = asked(text + binary, len(text) if binary else None, manifest(*shape[1:]), LIMIT).images
        assert isinstance(found, np.ndarray)
        return found

    for found in (read(images.reshape(-1).tolist()), read(images.tolist()), read(None, images.tobytes())):
        assert found.dtype == np.uint8
        assert np.array_equal(found, images)


@given(st.recursive(st.integers(0, 300) | st.just(True) | st.floats(0, 9), lambda inner: st.lists(inner, max_size=4)))
def test_numbers_are_read_as_json_or_not_at_all(value: Any) -> None:
    """Whatever an array holds, it is a tensor of the shape exactly where JSON says that it is one."""
    text = json.dumps(value).encode()
    flat = [1] if not isinstance(value, list) else value
    array = np.array(flat, dtype=object)
    whole = isinstance(value, list) and array.size > 0 and all(type(each) is int for each in array.reshape(-1))
    fits = whole and all(each < 256 for each in array.reshape(-1))
    shape = array.shape if whole else (1,)
    if fits:
        assert bytes_of(text, shape).tolist() == value
    else:
        with pytest.raises(Malformed):
            bytes_of(text, shape)


@pytest.mark.parametrize(
    "text",
    [
        *(b"[1,2,3,4,5,]", b"[,1,2,3,4,5]", b"[1,2,3,4,5 6]", b"[1,2,3,4,5,06]", b"[1,2,3,4,5,-6]", b"[1,2,3,4,5,6.0]"),
        *(b"[1,2,3,4,5,256]", b"[1,2,3,4,5,1e1]", b"[1,2,3,4,5,99999999999999999999]", b"[1,2,3,4,5,null]"),
        *(b"[1,2,3,4,5]", b"[1,2,3,4,5,6,7]", b"[]", b"[[1,2,3],[4,5,6]", b"[[1,2,3],[4,5]]", b"[[1,2],[3,4],[5,6]]"),
        *(b"[1[,2,3],[4,5,6]]", b"[[1,2,3],[4,5,6]]]", b"[[1,2,3]4,[,5,6]]", b"[[1,2,3],[4,5,]6]", b"[[1,2,3,],4,5,6]"),
    ],
)
def test_what_is_no_array_of_bytes_of_the_shape_is_refused(text: bytes) -> None:
    assert bytes_of(b"[1, 2,3,\n4,5,6]", (2, 3)).tolist() == [[1, 2, 3], [4, 5, 6]]
    with pytest.raises(Malformed):
        bytes_of(text, (2, 3))


def test_what_is_wrong_at_a_cut_is_seen() -> None:
    count = WINDOW_BYTES
    for at in range(WINDOW_BYTES - 4, WINDOW_BYTES + 4):
        numbers = [b"0"] * count
        numbers[at // 2 - 1 : at // 2 + 1] = [b"", b"00"] if at % 2 else [b"00", b""]
        with pytest.raises(Malformed):
            bytes_of(b"[%b]" % b",".join(numbers), (count,))


def test_a_number_before_its_bracket_is_seen_at_a_cut() -> None:
    count, begun = WINDOW_BYTES // 6 + 2, set()
    for longer in range(5):
        for row in range(count - 3, count):
            rows = [b"[1,1]"] * count
            rows[0] = b"[%b,%b]" % (b"1" * (1 + longer // 2), b"1" * (1 + longer - longer // 2))
            rows[row] = b"1[1,1]"
            text = b"[%b]" % b",".join(rows)
            begun.add(text.find(b"1["))
            with pytest.raises(Malformed):
                bytes_of(text, (count, 2))
    assert WINDOW_BYTES - 1 in begun


@given(
    st.recursive(
        st.booleans() | st.integers() | st.text(max_size=80) | st.text('"\\[]{}:,', max_size=80),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.just("data"), inner, max_size=4),
    )
)
def test_what_is_lifted_out_can_be_put_back(content: object) -> None:
    text, found = lifted(json.dumps(content).encode())
    parts = iter(found)

    def whole(part: object) -> object:
        if isinstance(part, dict):
            return {name: whole(value) for name, value in part.items()}
        if isinstance(part, list):
            return [whole(value) for value in part]
        return json.loads(next(parts)) if part is None else part

    assert whole(json.loads(text)) == content
    assert list(parts) == []


def test_long_texts_and_numbers_are_lifted_and_stand_in_order() -> None:
    content = {"data": [[1, 2], [3, 4]], "x": "y" * 500, "z": {"data": [5]}, "texts": ['"' + "\\" * 301]}
    text, found = lifted(json.dumps({**content, "texts": ['"' + "é" * 301]}).encode())
    assert json.loads(text) == {"data": None, "x": None, "z": {"data": None}, "texts": [None]}
    assert [json.loads(each) for each in found] == [[[1, 2], [3, 4]], "y" * 500, [5], '"' + "é" * 301]


@pytest.mark.parametrize(
    ("sizes", "right"),
    [
        *(([6], True), ([5], False), ([7], False), ([0], False)),
    ],
)
def test_binary_data_must_be_as_long_as_its_shape(sizes: Sequence[int], right: bool) -> None:
    binary = bytes(sizes[0])
    if right:
        found = ask(None, binary, parameters={"binary_data_size": len(binary)}).images
        assert isinstance(found, np.ndarray)
        assert found.shape == (1, 2, 3, 1)
    else:
        with pytest.raises(Malformed):
            ask(None, binary, parameters={"binary_data_size": len(binary)})


def framed(*files: bytes) -> bytes:
    return b"".join(len(file).to_bytes(4, "little") + file for file in files)


def test_files_are_read_from_binary_data_and_from_base64() -> None:
    files = [b"", b"one", bytes(range(256)) * 9, bytes(range(256)) * 999]
    binary = framed(*files)
    for shape in ([4], [4, 1]):
        given_binary = ask(None, binary, datatype="BYTES", shape=shape, parameters={"binary_data_size": len(binary)})
        assert given_binary.images == files
    texts = [base64.b64encode(file).decode() for file in files]
    assert ask(texts, datatype="BYTES", shape=[4]).images == files
    assert ask([[text] for text in texts], datatype="BYTES", shape=[4, 1]).images == files
    slashed, header_bytes = body(texts, datatype="BYTES", shape=[4])
    assert asked(slashed.replace(b"/", b"\\/"), header_bytes, manifest(), LIMIT).images == files


@pytest.mark.parametrize(
    "binary",
    [
        *(framed(b"one"), framed(b"one", b"two", b"three"), framed(b"one", b"two") + b"x", framed(b"one", b"two")[:-1]),
        *(framed(b"one") + b"\xff\xff\xff\xff", framed(b"one") + b"\0\0\0", b"x"),
    ],
)
def test_lengths_of_files_that_do_not_sum_are_refused(binary: bytes) -> None:
    with pytest.raises(Malformed, match="sum"):
        ask(None, binary, datatype="BYTES", shape=[2], parameters={"binary_data_size": len(binary)})


SIX = [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "changes",
    [
        *({"name": "picture"}, {"name": None}, {"datatype": "FP32"}, {"datatype": None}, {"datatype": "uint8"}),
        *({"shape": [2, 3]}, {"shape": [1, 3, 2, 1]}, {"shape": [6]}, {"shape": None}, {"shape": "6"}, {"shape": []}),
        *({"shape": [1, 2, 3, True]}, {"shape": [-1, 2, 3, 1]}, {"shape": [0, 2, 3, 1]}, {"shape": [2, 2, 3, 1]}),
        *({"shape": [1, 2, 3, 1.0]}, {"shape": [2**70, 2, 3, 1]}, {"data": None}, {"data": "123456"}, {"data": {}}),
        *({"data": ["1", "2"]}, {"data": 7}, {"datatype": "BYTES"}, {"datatype": "BYTES", "shape": [6]}),
        *(
            {"datatype": "BYTES", "shape": [2], "data": ["!", "!"]},
            {"datatype": "BYTES", "shape": [1], "data": ["QQ==" * 30_000]},
            {"datatype": "BYTES", "shape": [1], "data": [None]},
        ),
        *({"parameters": {"binary_data_size": 6}}, {"parameters": {"binary_data_size": "6"}}, {"parameters": []}),
        *({"parameters": {"a": [1]}}, {"parameters": {"shared_memory_region": "a"}}, {"parameters": {"a": None}}),
    ],
)
def test_an_input_that_is_not_the_models_is_refused(changes: dict[str, object]) -> None:
    assert isinstance(ask(SIX).images, np.ndarray)
    with pytest.raises(Malformed):
        ask(changes.pop("data", SIX), **changes)


def test_too_many_pictures_are_refused_before_they_are_counted_out() -> None:
    with pytest.raises(BodyTooLarge, match="at most 40"):
        ask(SIX, shape=[41, 2, 3, 1])
    with pytest.raises(BodyTooLarge, match="at most 40"):
        ask(None, b"x", datatype="BYTES", shape=[2**62], parameters={"binary_data_size": 1})


@pytest.mark.parametrize(
    "request_",
    [
        *(
            b"",
            b"{",
            b"[]",
            b"7",
            b'{"inputs":[]}',
            b'{"inputs":{}}',
            b'{"inputs":[1]}',
            b'{"inputs":"',
            b'{"inputs":[{}]}',
        ),
        b'{"inputs":[{"name":"image"},{"name":"image"}]}',
    ],
)
def test_what_is_no_request_is_refused(request_: bytes) -> None:
    with pytest.raises(Malformed):
        asked(request_, None, manifest(), LIMIT)


def whole(**fields: object) -> Asked:
    image = {"name": "image", "shape": [1, 2, 3, 1], "datatype": "UINT8", "data": SIX}
    return asked(json.dumps({"inputs": [image], **fields}).encode(), None, manifest(), LIMIT)


def test_outputs_are_those_that_were_asked_for() -> None:
    assert whole().outputs == (Output("probabilities"), Output("score"))
    assert whole(outputs=[]).outputs == whole().outputs
    binary = whole(parameters={"binary_data_output": True})
    assert binary.outputs == (Output("probabilities", True), Output("score", True))
    named = [{"name": "score", "parameters": {"binary_data": False}}, {"name": "probabilities"}]
    assert whole(outputs=named, parameters={"binary_data_output": True}).outputs == (
        Output("score"),
        Output("probabilities", True),
    )
    classes = [{"name": "probabilities", "parameters": {"classification": 9}}]
    assert whole(outputs=classes).outputs == (Output("probabilities", classes=3),)
    assert whole(id="é" * 256).id == "é" * 256
    assert whole(parameters={"priority": 1, "mine": "x", "sequence_id": 0}).id is None


@pytest.mark.parametrize(
    "fields",
    [
        *({"outputs": {}}, {"outputs": [{}]}, {"outputs": [{"name": "other"}]}, {"outputs": [{"name": "score"}] * 2}),
        *({"outputs": ["score"]}, {"outputs": [{"name": "score", "parameters": {"classification": 1}}]}),
        *(
            {"outputs": [{"name": "probabilities", "parameters": {"classification": value}}]}
            for value in (-1, "1", 1.5)
        ),
        *(
            {"outputs": [{"name": "score", "parameters": {"binary_data": 1}}]},
            {"parameters": {"binary_data_output": 1}},
        ),
        *({"id": 7}, {"id": "x" * 257}, {"parameters": 7}, {"parameters": {"sequence_id": 7}}, {"other": "x" * 300}),
    ],
)
def test_wishes_that_can_not_be_met_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        whole(**fields)


def test_a_raw_body_is_one_picture_with_binary_outputs() -> None:
    found = asked(bytes(SIX), 0, manifest(), LIMIT)
    assert isinstance(found.images, np.ndarray)
    assert found.images.tobytes() == bytes(SIX)
    assert found.outputs == (Output("probabilities", True), Output("score", True))
    for wrong in (b"", bytes(5), bytes(12)):
        with pytest.raises(Malformed):
            asked(wrong, 0, manifest(), LIMIT)


def test_the_json_is_no_longer_than_the_body() -> None:
    text, _ = body(SIX)
    assert isinstance(asked(text, len(text), manifest(), LIMIT).images, np.ndarray)
    for length in (len(text) + 1, len(text) - 1):
        with pytest.raises(Malformed):
            asked(text, length, manifest(), LIMIT)


def test_json_is_bounded() -> None:
    with pytest.raises(BodyTooLarge, match="binary"):
        asked(b" " * (8 * 2**20 + 1), None, manifest(), LIMIT)
    with pytest.raises(Malformed, match="longer"):
        asked(b'{"a":[' + b"0," * 2**16 + b"0]}", None, manifest(), LIMIT)
    with pytest.raises(Malformed, match="texts"):
        asked(b'{"a":"' + b'\\"' * 20_000 + b'"}', None, manifest(), LIMIT)
    with pytest.raises(Malformed, match="texts"):
        asked(b'{"a":[' + b'"",' * 20_000 + b'""]}', None, manifest(), LIMIT)
