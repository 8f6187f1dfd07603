"""What the model says of the pictures of a request, as a message: all of it raw, or all of it typed, as was asked."""

from collections.abc import Sequence

from server.grpc.messages import INFERENCE
from server.inference.answering import AT_ONCE, classes_of, texts_as_binary, values_of
from server.inference.request import Asked
from server.serving.prediction import Prediction


def answered(raw: bool, name: str, asked: Asked, results: Sequence[Prediction]) -> bytes:
    """A ModelInferResponse, from the results of the pictures, all of one version."""
    model = results[0].model
    message = INFERENCE["ModelInferResponse"](model_name=name, model_version=model.version, id=asked.id or "")
    for output in asked.outputs:
        values = values_of(output, results)
        tensor = message.outputs.add(name=output.name)
        tensor.shape.extend([len(values), output.classes] if output.classes else values.shape)
        if output.classes:
            texts = classes_of(values, output.classes, model)
            tensor.datatype = "BYTES"
            if raw:
                message.raw_output_contents.append(texts_as_binary(texts))
            else:
                tensor.contents.bytes_contents.extend(text.encode() for text in texts)
        else:
            tensor.datatype = "FP32"
            if raw:
                message.raw_output_contents.append(values.astype("<f4").tobytes())
            else:
                flat = values.reshape(-1)
                for start in range(0, len(flat), AT_ONCE):
                    tensor.contents.fp32_contents.extend(flat[start : start + AT_ONCE].tolist())
    data: bytes = message.SerializeToString()
    return data
