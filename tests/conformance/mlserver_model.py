"""A model for MLServer, to be asked by tests.conformance: in a folder with this file and

    {"name": "sums", "implementation": "mlserver_model.Sums", "platform": "python",
     "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4]}],
     "outputs": [{"name": "sum", "datatype": "FP32", "shape": [1]}]}

as model-settings.json, where mlserver is installed, `mlserver start .` (HTTP on 8080, gRPC on 8081).
"""

from mlserver import MLModel  # type: ignore[import-not-found]
from mlserver.codecs import NumpyCodec  # type: ignore[import-not-found]
from mlserver.types import InferenceRequest, InferenceResponse  # type: ignore[import-not-found]


class Sums(MLModel):  # type: ignore[misc]
    """The sum of each row."""

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = NumpyCodec.decode_input(payload.inputs[0])
        sums = NumpyCodec.encode_output("sum", rows.reshape(-1, 4).sum(axis=1))
        return InferenceResponse(id=payload.id, model_name=self.name, outputs=[sums])
