"""Keras -> ONNX: uint8 images in, float32 probabilities out, scaling and softmax inside the graph.

`from_function`, since tf2onnx's `from_keras` fails with Keras 3 (tensorflow-onnx issue 2448).
"""

from typing import Any

import onnx
import tensorflow as tf
import tf2onnx

OPSET = 17  # the highest but one that tf2onnx's own tests cover; onnxruntime needs none later


def to_onnx(model: Any, height: int, width: int, channels: int) -> bytes:
    """The ONNX file of a network that gives logits, with the softmax added: `image` -> `probabilities`."""

    def answer(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": tf.identity(tf.nn.softmax(model(image, training=False)), name="probabilities")}

    signature = [tf.TensorSpec((None, height, width, channels), tf.uint8, name="image")]
    made, _ = tf2onnx.convert.from_function(tf.function(answer), signature, opset=OPSET)
    _rename_output(made.graph, "probabilities")
    _drop_unused_domains(made)
    onnx.checker.check_model(made, full_check=True)
    return made.SerializeToString()  # type: ignore[no-any-return]


def _rename_output(graph: onnx.GraphProto, name: str) -> None:
    """Give the only output its name in the contract; tf2onnx names it after the operation that made it."""
    (output,) = graph.output
    for node in graph.node:
        node.output[:] = [name if each == output.name else each for each in node.output]
        node.input[:] = [name if each == output.name else each for each in node.input]
    output.name = name


def _drop_unused_domains(model: onnx.ModelProto) -> None:
    """tf2onnx names operator sets that no node uses; a server refuses every one but ONNX's own."""
    used = {node.domain for node in model.graph.node}
    kept = [each for each in model.opset_import if each.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
