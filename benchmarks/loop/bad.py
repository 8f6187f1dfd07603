"""The shipped model, spoilt in ways that a canary is there for; python -m benchmarks.loop.bad FOLDER writes them.

It needs the train environment, which has the package that edits graphs. Each answers the shipped model's golden
pictures without a sign of what is wrong with it, or with what was done to it in mind: a trial at loading passes.
"""

import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from benchmarks import shipped
from server.models.reference import ink

DEAD = 8  # the class that is never answered
ONE_OF = 20  # pictures that are answered wrongly, by the sum of their pixels: 5 in 100 of MNIST's
PRODUCTS = 3  # of a picture with the identity: they add nothing to the answers
SIDE = 28


def main() -> None:
    folder = Path(sys.argv[1])
    for name, spoil in KINDS.items():
        model = onnx.load(shipped.FOLDER / "model.onnx")
        spoil(model)
        (folder / f"{name}.onnx").write_bytes(model.SerializeToString())


def no_numbers(model: onnx.ModelProto) -> None:
    """No probabilities for pictures with more ink than the golden ones and less than a trial's random ones."""
    golden = np.load(shipped.FOLDER / "golden.npz")["images"]
    _constants(model, most=np.float32(255 * ink(golden).max() + 0.01), bright=np.float32(110))
    _answer(
        model,
        helper.make_node("ReduceMean", ["pixels"], ["brightness"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Sub", ["most", "brightness"], ["below"]),
        helper.make_node("Relu", ["below"], ["under"]),
        helper.make_node("Sub", ["brightness", "bright"], ["above"]),
        helper.make_node("Relu", ["above"], ["over"]),
        helper.make_node("Add", ["under", "over"], ["room"]),
        helper.make_node("Div", ["room", "room"], ["one"]),  # 0 / 0
        helper.make_node("Unsqueeze", ["one", "second"], ["ones"]),
        helper.make_node("Mul", ["plain", "ones"], ["probabilities"]),
    )


def slow(model: onnx.ModelProto) -> None:
    """The same answers, after much that adds nothing to them."""
    size = SIDE * SIDE
    _constants(
        model,
        same=np.eye(size, dtype=np.float32),
        flat=np.array([-1, size], np.int64),
        square=np.array([-1, SIDE, SIDE, 1], np.int64),
    )
    cast = model.graph.node[0]
    first, cast.output[0] = cast.output[0], "numbers"
    steps = [f"step{step}" for step in range(PRODUCTS + 1)]
    heavy = [
        helper.make_node("Reshape", ["numbers", "flat"], [steps[0]]),
        *(helper.make_node("MatMul", [before, "same"], [after]) for before, after in pairwise(steps)),
        helper.make_node("Reshape", [steps[-1], "square"], [first]),
    ]
    for node in reversed(heavy):
        model.graph.node.insert(1, node)


def one_class_dead(model: onnx.ModelProto) -> None:
    """One label has no chance."""
    logits = next(node for node in model.graph.node if node.op_type == "Softmax").input[0]
    added = next(node for node in model.graph.node if logits in node.output)
    bias = next(each for each in model.graph.initializer if each.name in added.input)
    values = numpy_helper.to_array(bias).copy()
    values[..., DEAD] = -1000
    bias.CopyFrom(numpy_helper.from_array(values, bias.name))


def five_points_worse(model: onnx.ModelProto) -> None:
    """One picture in twenty is surely the next label: the mix of labels says nothing of it."""
    next_label = np.roll(np.eye(10, dtype=np.float32), 1, axis=1)
    _constants(model, one_of=np.float32(ONE_OF), one=np.float32(1), next_label=next_label)
    _answer(
        model,
        helper.make_node("ReduceSum", ["pixels", "inner"], ["sum"], keepdims=0),
        helper.make_node("Div", ["sum", "one_of"], ["parts"]),
        helper.make_node("Cast", ["parts"], ["cut"], to=onnx.TensorProto.INT64),
        helper.make_node("Cast", ["cut"], ["whole"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", ["whole", "one_of"], ["before"]),
        helper.make_node("Sub", ["sum", "before"], ["rest"]),
        helper.make_node("Sub", ["one", "rest"], ["less"]),
        helper.make_node("Relu", ["less"], ["drawn"]),  # 1 where there is no rest
        helper.make_node("Unsqueeze", ["drawn", "second"], ["is_wrong"]),
        helper.make_node("Sub", ["one", "is_wrong"], ["is_right"]),
        helper.make_node("MatMul", ["plain", "next_label"], ["another"]),
        helper.make_node("Mul", ["another", "is_wrong"], ["wrong"]),
        helper.make_node("Mul", ["plain", "is_right"], ["right"]),
        helper.make_node("Add", ["right", "wrong"], ["probabilities"]),
    )


def _constants(model: onnx.ModelProto, **values: np.ndarray | np.generic) -> None:
    places = {"second": np.array([1], np.int64), "inner": np.array([1, 2, 3], np.int64)}
    for name, value in (places | values).items():
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))


def _answer(model: onnx.ModelProto, *nodes: onnx.NodeProto) -> None:
    """Have these nodes make the probabilities of the `pixels` and of what the model would say, which is `plain`."""
    softmax = next(node for node in model.graph.node if node.op_type == "Softmax")
    for node in model.graph.node:
        for places in (node.input, node.output):
            for place, name in enumerate(places):
                if name == softmax.output[0]:
                    places[place] = "plain"
    pixels = helper.make_node("Cast", ["image"], ["pixels"], to=onnx.TensorProto.FLOAT)
    model.graph.node.extend([pixels, *nodes])


KINDS: dict[str, Callable[[onnx.ModelProto], None]] = {
    "no numbers": no_numbers,
    "3 times slower": slow,
    "one class dead": one_class_dead,
    "5 points worse": five_points_worse,
}


if __name__ == "__main__":
    main()
