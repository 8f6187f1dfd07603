"""A look at an ONNX file before onnxruntime sees it: refuse what could reach other files, hang or run foreign code.

The server has no onnx package, so this walks the protobuf wire format itself
(https://protobuf.dev/programming-guides/encoding) with the field numbers of onnx.proto3. Our own exports never have any
of what it refuses. What a graph costs it can't tell: trial.py measures that, and counts on every operator to do
tomorrow what it does today.
"""

from collections.abc import Iterator

from server.store.errors import BrokenArtifact

# message -> {field number: message or leaf}; only what has to be looked at.
_MODEL = {7: "graph", 8: "opset", 25: "function"}
_GRAPH = {1: "node", 5: "tensor", 15: "sparse tensor"}
_NODE = {4: "operator", 5: "attribute", 7: "domain"}
_ATTRIBUTE = {5: "tensor", 6: "graph", 11: "graphs", 22: "sparse tensor", 23: "sparse tensors", 10: "tensors"}
_TENSOR = {13: "external data", 14: "data location"}
_OPSET = {1: "domain"}

_DOMAINS = (b"", b"ai.onnx")
# What our exporter writes for the networks of trainer/model.py and for layers like theirs: all compute from what they
# are given, always the same. None draws at random, or makes large tensors of a number as ConstantOfShape and Expand do.
OPERATORS = frozenset(
    (
        *("Add", "AveragePool", "BatchNormalization", "Cast", "Clip", "Concat", "Constant", "Conv", "Div", "Flatten"),
        *("Gemm", "GlobalAveragePool", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "MatMul", "Max", "MaxPool"),
        *("Min", "Mul", "Pad", "ReduceMean", "ReduceSum", "Relu", "Reshape", "Sigmoid", "Softmax", "Squeeze", "Sub"),
        *("Tanh", "Transpose", "Unsqueeze"),
    )
)
_NODE_LIMIT = 10_000


def check(data: bytes) -> None:
    """Raise BrokenArtifact for external data, sparse tensors, control flow, functions, or operators not in the list."""
    try:
        for part, value in _fields(data, _MODEL):
            if part == "graph":
                _check_graph(value)
            elif part == "opset":
                _check_domains(value, _OPSET)
            else:
                raise BrokenArtifact("the model defines functions of its own")
    except IndexError:
        raise BrokenArtifact("the model is not an ONNX file, or is cut") from None


def _check_graph(graph: bytes) -> None:
    nodes = 0
    for part, value in _fields(graph, _GRAPH):
        if part == "node":
            nodes += 1
            _check_node(value)
        elif part == "tensor":
            _check_tensor(value)
        else:
            raise BrokenArtifact("the model has sparse tensors")
    if not 0 < nodes <= _NODE_LIMIT:
        raise BrokenArtifact(f"the model has {nodes} nodes; from 1 to {_NODE_LIMIT} are taken")


def _check_node(node: bytes) -> None:
    _check_domains(node, _NODE)
    operators = 0
    for part, value in _fields(node, _NODE):
        if part == "operator":
            operators += 1
            if value.decode("utf-8", "replace") not in OPERATORS:
                raise BrokenArtifact(f"the model has an operator that none of ours needs: {value[:40]!r}")
        elif part == "attribute":
            _check_attribute(value)
    if not operators:
        raise BrokenArtifact("the model has a node without an operator")


def _check_attribute(attribute: bytes) -> None:
    for part, value in _fields(attribute, _ATTRIBUTE):
        if part in ("graph", "graphs"):
            raise BrokenArtifact("the model has control flow: a graph inside a node")
        if part in ("sparse tensor", "sparse tensors"):
            raise BrokenArtifact("the model has sparse tensors")
        _check_tensor(value)


def _check_tensor(tensor: bytes) -> None:
    for part, value in _fields(tensor, _TENSOR):
        if part == "external data" or value:
            raise BrokenArtifact("the model keeps data in other files")


def _check_domains(message: bytes, fields: dict[int, str]) -> None:
    for part, value in _fields(message, fields):
        if part == "domain" and value not in _DOMAINS:
            raise BrokenArtifact(f"the model uses operators of a foreign domain: {value[:40]!r}")


def _fields(message: bytes, wanted: dict[int, str]) -> Iterator[tuple[str, bytes]]:
    """The wanted fields of one protobuf message; a number is given as the bytes of a set one, or none for 0."""
    position, end = 0, len(message)
    while position < end:
        key, position = _varint(message, position)
        if key >> 32:  # onnxruntime drops what goes beyond, and takes the field for another
            raise IndexError
        number, wire = key >> 3, key & 7
        value = b""
        if wire == 0:
            number_set, position = _varint(message, position)
            value = b"\x01" if number_set else b""
        elif wire == 2:
            length, position = _varint(message, position)
            if position + length > end:
                raise IndexError
            if number in wanted:
                value = message[position : position + length]
            position += length
        elif wire in (1, 5):
            position += 8 if wire == 1 else 4
        else:
            raise IndexError
        if number in wanted:
            yield wanted[number], value


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise IndexError
