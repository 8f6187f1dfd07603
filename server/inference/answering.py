"""What the model says of the pictures of a request, as the request wants it: JSON, and binary data behind it."""

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from server.inference.request import Asked, Output
from server.models.model import Model
from server.serving.prediction import Prediction, Predictions

AT_ONCE = 4096  # values that are written as JSON in one go

Values = NDArray[np.float32]


class Answered(NamedTuple):
    """A body, and how much of it is JSON where binary data follows."""

    body: bytes
    header_bytes: int | None


def answered(name: str, asked: Asked, results: Sequence[Prediction]) -> Answered:
    """The answer to a request, from the results of its pictures, all of one version."""
    model = results[0].model
    outputs: list[bytes] = []
    binaries: list[bytes] = []
    for output in asked.outputs:
        values = values_of(output, results)
        shape = [len(values), output.classes] if output.classes else list(values.shape)
        datatype = "BYTES" if output.classes else "FP32"
        entry: dict[str, Any] = {"name": output.name, "datatype": datatype, "shape": shape}
        texts = classes_of(values, output.classes, model) if output.classes else None
        if output.binary:
            binaries.append(texts_as_binary(texts) if texts is not None else values.astype("<f4", copy=False).tobytes())
            outputs.append(orjson.dumps(entry | {"parameters": {"binary_data_size": len(binaries[-1])}}))
        else:
            data = orjson.dumps(texts) if texts is not None else _as_json(values.reshape(-1))
            outputs.append(b'%b,"data":%b}' % (orjson.dumps(entry)[:-1], data))
    head: dict[str, Any] = {"model_name": name, "model_version": model.version}
    if asked.id is not None:
        head["id"] = asked.id
    header = b'%b,"outputs":[%b]}' % (orjson.dumps(head)[:-1], b",".join(outputs))
    if not binaries:
        return Answered(header, None)
    return Answered(b"".join([header, *binaries]), len(header))


def values_of(output: Output, results: Sequence[Prediction]) -> Values:
    """An output of all pictures."""
    if isinstance(results, Predictions):
        column = results.scores if output.name == "score" else results.probabilities
        assert column is not None, "a model with this output gave it"
        return column
    if output.name == "score":
        return np.array([result.score for result in results], np.float32)
    return np.stack([result.probabilities for result in results])


def classes_of(values: Values, classes: int, model: Model) -> list[str]:
    """The most probable classes of each picture as value:index:label, the most probable first."""
    best = np.argsort(-values, axis=1, kind="stable")[:, :classes]
    return [
        f"{row[index]!s}:{index}:{model.labels[index]}"
        for row, indices in zip(values, best.tolist(), strict=True)
        for index in indices
    ]


def texts_as_binary(texts: Sequence[str]) -> bytes:
    """A tensor of BYTES, each of its texts behind its length."""
    found = [text.encode() for text in texts]
    return b"".join([struct.pack("<I", len(text)) + text for text in found])


def _as_json(values: Values) -> bytes:
    """An array of JSON, some values at a time, so that other threads have their turns."""
    starts = range(0, len(values), AT_ONCE)
    parts = [orjson.dumps(values[start : start + AT_ONCE], option=orjson.OPT_SERIALIZE_NUMPY)[1:-1] for start in starts]
    return b"[%b]" % b",".join(parts)
