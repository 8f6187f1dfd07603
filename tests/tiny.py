"""A real ONNX model small enough to make in a test: the brightest row of the picture, more or less."""

import io
import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from export.publish import Candidate, publish
from server.models.model import Model
from server.pictures.preprocessing import Preprocessing
from server.store.memory import Memory, open_memory

LABELS = tuple("0123456789")
INPUT = Preprocessing("digit", 28, 28, 1)
OPSET = 17


def tiny_onnx(seed: int = 0, labels: int = 10, side: int = 28, channels: int = 1) -> bytes:
    """image -> probabilities: one matrix product and a softmax, with random weights."""
    size = side * side * channels
    weights = np.random.default_rng(seed).normal(0, 0.001, (size, labels)).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["float", "shape"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", side, side, channels])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", labels])],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.array([-1, size], np.int64), "shape"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    return bytes(model.SerializeToString())


def tiny_candidate(
    seed: int = 0,
    accuracy: float = 0.9,
    labels: tuple[str, ...] = LABELS,
    inputs: Preprocessing = INPUT,
    **changes: bytes,
) -> Candidate:
    """A candidate with every file a version has; `changes` replace files by name."""
    whole = tiny_onnx(seed, len(labels), inputs.height, inputs.channels)
    onnx_file = changes.get("model", whole)
    images = np.random.default_rng(1).integers(0, 256, (4, inputs.height, inputs.width, inputs.channels), np.uint8)
    file = io.BytesIO()
    np.savez(file, images=images, probabilities=answers(whole, images, labels, inputs))
    report = {"metrics": {"test": {"accuracy": accuracy}}, "training": {"epochs": 1}, "gate": {"passed": True}}
    contents = {
        "model.onnx": onnx_file,
        "golden.npz": changes.get("golden", file.getvalue()),
        "report/report.json": json.dumps(report).encode(),
    }
    return Candidate(labels, inputs, ("probabilities",), OPSET, contents)


def answers(
    onnx_file: bytes, images: np.ndarray, labels: tuple[str, ...] = LABELS, inputs: Preprocessing = INPUT
) -> np.ndarray:
    plain = Candidate(labels, inputs, ("probabilities",), OPSET, {"model.onnx": onnx_file})
    return Model(plain.manifest("tiny", "1"), onnx_file).predict(images).probabilities


def memory_in(folder: Path, name: str = "digits", baseline: Path | None = None, database: str = "") -> Memory:
    """The memory in a folder, as a server started there has it; empty, and without a baseline, unless one is given."""
    places = folder / "artifacts", folder / "data"
    return open_memory(*places, name, baseline or folder / "no-baseline", database)


def publish_tiny(memory: Memory, seed: int = 0) -> str:
    return publish(memory, tiny_candidate(seed), memory.pointer.current(), "a test")
