"""Graphs: what passes has nothing of what is refused, as ONNX's own reader sees it."""

import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper

from server.models import graph
from server.store.errors import BrokenArtifact
from tests.tiny import tiny_onnx


def seeds() -> list[bytes]:
    node = helper.make_node("Conv", ["x"], ["y"], kernel_shape=[3, 3], auto_pad="SAME_UPPER")
    constant = helper.make_node("Constant", [], ["c"], value=helper.make_tensor("t", TensorProto.FLOAT, [2], [1, 2]))
    inner = helper.make_graph([helper.make_node("Identity", ["c"], ["y"])], "inner", [], [])
    branch = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)
    graphs = [helper.make_graph(nodes, "g", [], []) for nodes in ([node, constant], [branch])]
    return [tiny_onnx(side=2, labels=2), *(helper.make_model(each).SerializeToString() for each in graphs)]


def check(data: bytes) -> None:
    try:
        graph.check(data)
    except BrokenArtifact as error:
        str(error).encode()  # it is logged, and told to clients
        return
    try:
        model = onnx.load_from_string(data)
    except DecodeError:
        return
    assert not model.functions
    assert not model.graph.sparse_initializer
    tensors = list(model.graph.initializer)
    for node in model.graph.node:
        assert node.op_type in graph.OPERATORS, node.op_type
        assert node.domain in ("", "ai.onnx"), node.domain
        for attribute in node.attribute:
            assert not attribute.HasField("g")
            assert not attribute.graphs
            assert not attribute.HasField("sparse_tensor")
            assert not attribute.sparse_tensors
            tensors += [*([attribute.t] if attribute.HasField("t") else []), *attribute.tensors]
    for tensor in tensors:
        assert not tensor.external_data
        assert tensor.data_location == TensorProto.DEFAULT
