"""ONNX models that keep to every contract, and take memory or time without end."""

from collections.abc import Callable

import numpy as np
import onnx
from onnx import helper, numpy_helper

from tests.tiny import tiny_onnx


def edited(edit: Callable[[onnx.GraphProto], None]) -> bytes:
    model = onnx.load_from_string(tiny_onnx())
    edit(model.graph)
    return bytes(model.SerializeToString())


def beside(nodes: list[onnx.NodeProto], *constants: onnx.TensorProto) -> Callable[[onnx.GraphProto], None]:
    """Add nodes that use the image as `flat` and give `zero`, (N, 1), which is added to the logits."""

    def edit(graph: onnx.GraphProto) -> None:
        for node in graph.node:
            if node.op_type == "Softmax":
                node.input[0] = "sum"
        softmax = graph.node.pop()
        graph.node.extend([*nodes, helper.make_node("Add", ["logits", "zero"], ["sum"]), softmax])
        graph.initializer.extend(constants)

    return edit


def doubled(times: int) -> bytes:
    """Operators that are all allowed, and need 2 to the power of `times` images."""
    nodes = [helper.make_node("Concat", ["flat", "flat"], ["d0"], axis=1)]
    nodes += [helper.make_node("Concat", [f"d{n}", f"d{n}"], [f"d{n + 1}"], axis=1) for n in range(times)]
    nodes += [helper.make_node("ReduceMean", [f"d{times}"], ["mean"], axes=[1], keepdims=1)]
    nodes += [helper.make_node("Sub", ["mean", "mean"], ["zero"])]
    return edited(beside(nodes))


def padded(pixels: int) -> bytes:
    nodes = [
        helper.make_node("Pad", ["flat", "pads"], ["wide"]),
        helper.make_node("ReduceMean", ["wide"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["mean", "mean"], ["zero"]),
    ]
    return edited(beside(nodes, numpy_helper.from_array(np.array([0, 0, 0, pixels], np.int64), "pads")))


def multiplied(times: int) -> bytes:
    """Large matrix products, one after another."""
    side = 1500
    nodes = [helper.make_node("MatMul", ["big", "big"], ["m0"])]
    nodes += [helper.make_node("MatMul", [f"m{n}", "big"], [f"m{n + 1}"]) for n in range(times)]
    nodes += [
        helper.make_node("ReduceMean", [f"m{times}"], ["mean"], axes=[0, 1], keepdims=1),
        helper.make_node("ReduceSum", ["flat", "one"], ["all"], keepdims=1),
        helper.make_node("Mul", ["all", "mean"], ["scaled"]),
        helper.make_node("Sub", ["scaled", "scaled"], ["zero"]),
    ]
    big = np.random.default_rng(0).normal(0, 0.01, (side, side)).astype(np.float32)
    constants = numpy_helper.from_array(big, "big"), numpy_helper.from_array(np.array([1], np.int64), "one")
    return edited(beside(nodes, *constants))


def made_of_a_number() -> bytes:
    shape = numpy_helper.from_array(np.array([2**29], np.int64), "large")
    nodes = [
        helper.make_node("ConstantOfShape", ["large"], ["much"]),
        helper.make_node("ReduceSum", ["much"], ["zero"], keepdims=0),
    ]
    return edited(beside(nodes, shape))


def huge() -> bytes:
    """An initialiser of 200 MB, which nothing needs."""
    return edited(
        lambda graph: graph.initializer.append(numpy_helper.from_array(np.zeros(50 * 2**20, np.float32), "h"))
    )


# How each is made, and what its refusal says.
HARMFUL: dict[str, tuple[Callable[[], bytes], str]] = {
    "a tensor of 2 GB of a number": (made_of_a_number, "operator"),
    "an image that is doubled 24 times": (lambda: doubled(24), "memory"),
    "an image padded to a gigabyte": (lambda: padded(2**28), "memory"),
    "large matrix products": (lambda: multiplied(1000), "processor time|memory"),
    "a huge initialiser": (huge, "memory"),
}
