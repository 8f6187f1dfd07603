"""Nothing is hidden from the look at a graph that onnxruntime would see."""

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from server.models import graph
from server.store.errors import BrokenArtifact

GRAPH, NODE = 7, 1  # fields of onnx.proto3


def varint(number: int) -> bytes:
    made = b""
    while number >= 128:
        made += bytes([number & 127 | 128])
        number >>= 7
    return made + bytes([number])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def with_node(number: int, operator: str) -> bytes:
    """x -> y -> z, where the second node, of that operator, stands in a field of that number."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N"]) for name in "xz"]
    first = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "two", ends[:1], ends[1:])
    second = field(number, helper.make_node(operator, ["y"], ["z"]).SerializeToString())
    model = helper.make_model(first, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    model.ClearField("graph")
    return bytes(model.SerializeToString()) + field(GRAPH, first.SerializeToString() + second)


def run(data: bytes) -> list[float]:
    session = onnxruntime.InferenceSession(data)
    return [float(each) for each in session.run(None, {"x": np.zeros(3, np.float32)})[0]]


def test_a_node_is_found_in_its_field() -> None:
    graph.check(with_node(NODE, "Relu"))
    with pytest.raises(BrokenArtifact, match="RandomNormalLike"):
        graph.check(with_node(NODE, "RandomNormalLike"))


def test_a_node_without_an_operator_is_refused() -> None:
    nothing = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "none", [], [])
    nothing.node[0].ClearField("op_type")
    with pytest.raises(BrokenArtifact, match="a node without an operator"):
        graph.check(helper.make_model(nothing).SerializeToString())


@pytest.mark.parametrize("bit", range(29, 32))
def test_a_node_is_found_whose_field_has_a_number_that_onnxruntime_cuts_to_32_bits(bit: int) -> None:
    hidden = with_node(NODE | 1 << bit, "RandomNormalLike")
    assert run(hidden) != [0.0, 0.0, 0.0]
    with pytest.raises(BrokenArtifact, match="not an ONNX file"):
        graph.check(hidden)
