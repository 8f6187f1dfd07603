"""python tests/conformance/kserve_model.py --http_port 8090 --grpc_port 8091, where kserve is installed: a model of its
SDK's, `sums`, to be asked by tests.conformance.
"""

from typing import Any

from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer  # type: ignore[import-not-found]
from kserve.utils.utils import generate_uuid  # type: ignore[import-not-found]


class Sums(Model):  # type: ignore[misc]
    """The sum of each row."""

    def load(self) -> bool:
        self.ready = True
        return True

    async def get_input_types(self) -> list[dict[str, Any]]:
        return [{"name": "x", "datatype": "FP32", "shape": [1, 4]}]

    async def get_output_types(self) -> list[dict[str, Any]]:
        return [{"name": "sum", "datatype": "FP32", "shape": [1]}]

    def predict(self, payload: InferRequest, headers: object = None) -> InferResponse:  # noqa: ARG002 - its SDK passes them
        sums = payload.inputs[0].as_numpy().reshape(-1, 4).sum(axis=1)
        output = InferOutput("sum", list(sums.shape), "FP32")
        binary = payload.use_binary_outputs
        output.set_data_from_numpy(sums, binary_data=binary)
        wanted = {"use_binary_outputs": binary, "requested_outputs": payload.request_outputs}
        return InferResponse(payload.id or generate_uuid(), self.name, [output], **wanted)


if __name__ == "__main__":
    model = Sums("sums")
    model.load()
    ModelServer().start([model])
