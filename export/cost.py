"""What a prediction costs, read from the graph: measured time is for benchmarks, since machines are noisy."""

from dataclasses import dataclass
from math import prod

import onnx


@dataclass(frozen=True)
class Cost:
    """Of one image: multiply-adds of convolutions and matrix products, and nodes of the graph."""

    multiply_adds: int
    nodes: int


def cost_of(onnx_file: bytes) -> Cost:
    """The cost of an ONNX model whose first dimension is the batch."""
    model = onnx.load_from_string(onnx_file)
    for tensor in model.graph.input:
        tensor.type.tensor_type.shape.dim[0].dim_value = 1
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {value.name: _shape(value) for value in [*graph.value_info, *graph.output, *graph.input]}
    shapes |= {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    return Cost(sum(_multiply_adds(node, shapes) for node in graph.node), len(graph.node))


def _shape(value: onnx.ValueInfoProto) -> list[int]:
    # The batch dimension of an output keeps its name; it is the one that was set to 1.
    return [dimension.dim_value or 1 for dimension in value.type.tensor_type.shape.dim]


def _multiply_adds(node: onnx.NodeProto, shapes: dict[str, list[int]]) -> int:
    """Outputs times the inputs that each is a weighted sum of."""
    if node.op_type == "Conv":
        return prod(shapes[node.output[0]]) * prod(shapes[node.input[1]][1:])
    if node.op_type == "MatMul":
        return prod(shapes[node.output[0]]) * shapes[node.input[1]][-2]
    if node.op_type == "Gemm":
        return prod(shapes[node.input[1]])
    return 0
