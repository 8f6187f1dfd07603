"""What is told of the server and of a version of its model."""

from server import __version__
from server.store.files import Json
from server.store.manifest import Manifest

EXTENSIONS = (
    *("binary_tensor_data", "classification", "model_configuration"),
    *("model_repository", "parameters", "statistics"),
)


def of_server() -> dict[str, Json]:
    return {"name": "relearn", "version": __version__, "extensions": list(EXTENSIONS)}


def of_model(manifest: Manifest, versions: list[str]) -> dict[str, Json]:
    """What a client has to know before it sends a tensor; -1 is a size that it chooses."""
    outputs: list[Json] = [
        {"name": name, "datatype": "FP32", "shape": [-1, *_tail(manifest, name)]} for name in manifest.outputs
    ]
    return {
        "name": manifest.name,
        "versions": list[Json](versions),
        "platform": "onnx_onnxv1",
        "inputs": [{"name": "image", "datatype": "UINT8", "shape": [-1, *manifest.preprocessing.shape]}],
        "outputs": outputs,
    }


def configuration(manifest: Manifest, batch_limit: int, images_limit: int) -> dict[str, Json]:
    """The same in the form of Triton's ModelConfig, whose shapes are without the number of pictures."""
    inputs: Json = [{"name": "image", "data_type": "TYPE_UINT8", "dims": [*manifest.preprocessing.shape]}]
    outputs: list[Json] = []
    for name in manifest.outputs:
        tail = _tail(manifest, name)
        one: dict[str, Json] = {} if tail else {"reshape": {"shape": []}}
        outputs.append({"name": name, "data_type": "TYPE_FP32", "dims": tail or [1], **one})
    return {
        "name": manifest.name,
        "platform": "onnxruntime_onnx",
        "backend": "onnxruntime",
        "max_batch_size": images_limit,
        "input": inputs,
        "output": outputs,
        "dynamic_batching": {"preferred_batch_size": [batch_limit], "max_queue_delay_microseconds": 0},
        "default_model_filename": "model.onnx",
    }


def _tail(manifest: Manifest, output: str) -> list[Json]:
    """The shape of an output, but for the number of pictures."""
    return [len(manifest.labels)] if output == "probabilities" else []
