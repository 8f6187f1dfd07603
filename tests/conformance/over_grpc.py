"""Every call of the protocol over gRPC, with what an answer has to be.

From kserve/open-inference-protocol (specification/protocol/inference_grpc.md, open_inference_grpc.proto) and
grpc.health.v1.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import grpc
from tritonclient.grpc import service_pb2

CONTENTS = {"UINT8": "uint_contents", "INT32": "int_contents", "INT64": "int64_contents", "FP32": "fp32_contents"}
BYTES = {"UINT8": 1, "INT32": 4, "INT64": 8, "FP32": 4}
SERVING = b"\x08\x01"
SERVICE, HEALTH = "/inference.GRPCInferenceService/", "/grpc.health.v1.Health/Check"


class Answer(NamedTuple):
    """What came back."""

    status: str
    message: Any  # None where there is none

    def told(self) -> str:
        """In a few words: the status, and which fields the message has."""
        if self.message is None:
            return self.status
        names = ", ".join(field.name for field, _ in self.message.ListFields())
        return f"{self.status} {{{names}}}"

    def has(self, *names: str) -> bool:
        return self.message is not None and all(getattr(self.message, name) for name in names)


class GrpcServer:
    """One at host:port, and one input that its model takes, as a context manager."""

    def __init__(self, address: str, model: str) -> None:
        self.model = model
        self._channel = grpc.insecure_channel(address)
        self.metadata = self.ask("ModelMetadata", name=model).message
        self.input = self.metadata.inputs[0]
        self.shape = [max(size, 1) for size in self.input.shape]
        self.size = 1
        for side in self.shape:
            self.size *= side

    def __enter__(self) -> "GrpcServer":
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def ask(self, method: str, **fields: Any) -> Answer:
        kind, answer = getattr(service_pb2, f"{method}Request"), getattr(service_pb2, f"{method}Response")
        return self._sent(SERVICE + method, kind(**fields), answer.FromString)

    def check(self) -> Answer:
        """What the health service says of the server: the status SERVING is 1 in the first field of its answer."""
        answer = self._sent(HEALTH, service_pb2.ServerReadyRequest(), bytes)
        return (
            Answer(f"OK {'SERVING' if answer.message == SERVING else 'not SERVING'}", None)
            if answer.message
            else answer
        )

    def request(self, size: int | None = None, model: str | None = None, **fields: Any) -> dict[str, Any]:
        """A request with the one input, all zeros, as typed contents."""
        contents = {CONTENTS[self.input.datatype]: [0] * (self.size if size is None else size)}
        tensor = {"name": self.input.name, "datatype": self.input.datatype, "shape": self.shape}
        return {"model_name": model or self.model, "inputs": [{**tensor, "contents": contents}], **fields}

    def raw(self, **fields: Any) -> dict[str, Any]:
        """The same as raw contents."""
        asked = self.request(**fields)
        del asked["inputs"][0]["contents"]
        return {**asked, "raw_input_contents": [bytes(self.size * BYTES[self.input.datatype])]}

    def infer(self, fields: dict[str, Any]) -> Answer:
        return self.ask("ModelInfer", **fields)

    def _sent(self, path: str, request: Any, parse: Callable[[bytes], Any]) -> Answer:
        call = self._channel.unary_unary(path, type(request).SerializeToString, parse)
        try:
            return Answer("OK", call(request, timeout=60, wait_for_ready=True))
        except grpc.RpcError as error:
            return Answer(error.code().name, None)


class Call(NamedTuple):
    """One question, what the specification says of it, and whether an answer is that."""

    name: str
    says: str
    ask: Callable[[GrpcServer], Answer]
    is_right: Callable[[Answer, GrpcServer], bool]


def is_refused(answer: Answer, _: GrpcServer) -> bool:
    """With a status that blames the question."""
    return answer.status in ("INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "OUT_OF_RANGE", "UNIMPLEMENTED")


def is_answer(answer: Answer, server: GrpcServer) -> bool:
    """All outputs of the model, each with its contents, typed or raw."""
    if not answer.has("model_name", "outputs"):
        return False
    named = {each.name for each in answer.message.outputs} == {each.name for each in server.metadata.outputs}
    raw = len(answer.message.raw_output_contents) == len(answer.message.outputs)
    return named and (raw or all(each.HasField("contents") for each in answer.message.outputs))


def _one_output(server: GrpcServer) -> Answer:
    return server.infer(server.request(outputs=[{"name": server.metadata.outputs[0].name}]))


CALLS = (
    Call("ServerLive", "OK, live", lambda server: server.ask("ServerLive"), lambda answer, _: answer.has("live")),
    Call("ServerReady", "OK, ready", lambda server: server.ask("ServerReady"), lambda answer, _: answer.has("ready")),
    Call(
        "ServerMetadata",
        "OK, name and version",
        lambda server: server.ask("ServerMetadata"),
        lambda answer, _: answer.has("name", "version"),
    ),
    Call(
        "ModelReady",
        "OK, ready",
        lambda server: server.ask("ModelReady", name=server.model),
        lambda answer, _: answer.has("ready"),
    ),
    Call(
        "ModelMetadata",
        "OK, name, platform, inputs and outputs",
        lambda server: server.ask("ModelMetadata", name=server.model),
        lambda answer, _: answer.has("name", "platform", "inputs", "outputs"),
    ),
    Call("ModelMetadata of none", "an error", lambda server: server.ask("ModelMetadata", name="none"), is_refused),
    Call("ModelInfer, typed contents", "OK, all outputs", lambda server: server.infer(server.request()), is_answer),
    Call("ModelInfer, raw contents", "OK, all outputs", lambda server: server.infer(server.raw()), is_answer),
    Call(
        "ModelInfer with an id",
        "OK, the same id",
        lambda server: server.infer(server.request(id="42")),
        lambda answer, server: is_answer(answer, server) and answer.message.id == "42",
    ),
    Call(
        "ModelInfer, parameters nobody knows",
        "OK: a server may have its own",
        lambda server: server.infer(server.request(parameters={"mine": {"int64_param": 1}})),
        is_answer,
    ),
    Call(
        "ModelInfer, one output wanted",
        "OK, that output",
        _one_output,
        lambda answer, server: (
            answer.has("outputs")
            and [each.name for each in answer.message.outputs] == [server.metadata.outputs[0].name]
        ),
    ),
    Call(
        "ModelInfer, typed and raw contents",
        "an error",
        lambda server: server.infer({**server.raw(), "inputs": server.request()["inputs"]}),
        is_refused,
    ),
    Call("ModelInfer, too few data", "an error", lambda server: server.infer(server.request(size=1)), is_refused),
    Call("ModelInfer, no inputs", "an error", lambda server: server.infer({"model_name": server.model}), is_refused),
    Call("ModelInfer of none", "an error", lambda server: server.infer(server.request(model="none")), is_refused),
    Call(
        "grpc.health.v1 Check",
        "OK SERVING",
        lambda server: server.check(),
        lambda answer, _: answer.status == "OK SERVING",
    ),
)
