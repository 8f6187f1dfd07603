"""Keras -> ONNX: uint8 images in, float32 probabilities and scores out, scaling and softmax inside the graph.

`from_function`, since tf2onnx's `from_keras` fails with Keras 3 (tensorflow-onnx issue 2448).
"""

from typing import Any

import onnx
import tensorflow as tf
import tf2onnx

OPSET = 17  # the highest but one that tf2onnx's own tests cover; onnxruntime needs none later


def to_onnx(model: Any, height: int, width: int, channels: int) -> bytes:
    """The ONNX file of a network that gives its outputs by name: `image` -> `probabilities`, `score`."""

    def answer(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {name: tf.identity(output) for name, output in model(image, training=False).items()}

    signature = [tf.TensorSpec((None, height, width, channels), tf.uint8, name="image")]
    made, _ = tf2onnx.convert.from_function(tf.function(answer), signature, opset=OPSET)
    _rename_outputs(made.graph, sorted(model.output))
    _drop_unused_domains(made)
    onnx.checker.check_model(made, full_check=True)
    return made.SerializeToString()  # type: ignore[no-any-return]


def _rename_outputs(graph: onnx.GraphProto, names: list[str]) -> None:
    """Give the outputs their names in the contract; tf2onnx names them Identity:0, Identity_1:0, in sorted order."""
    new_name = dict(zip((output.name for output in graph.output), names, strict=True))
    for node in graph.node:
        node.output[:] = [new_name.get(each, each) for each in node.output]
        node.input[:] = [new_name.get(each, each) for each in node.input]
    for output in graph.output:
        output.name = new_name[output.name]


def _drop_unused_domains(model: onnx.ModelProto) -> None:
    """tf2onnx names operator sets that no node uses; a server refuses every one but ONNX's own."""
    used = {node.domain for node in model.graph.node}
    kept = [each for each in model.opset_import if each.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
