"""The Open Inference Protocol over gRPC as its clients speak it: tritonclient over real sockets, HTTP beside it."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import numpy as np
import pytest
import tritonclient.grpc.aio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tritonclient.grpc import InferenceServerClient, InferInput, InferRequestedOutput, service_pb2
from tritonclient.utils import InferenceServerException

from tests.digits import Digits
from tests.faults.stage import eventually
from tests.live import ROOT, GrpcServer
from tests.system.test_many_models import make, metric, published
from tests.tiny import memory_in, publish_tiny

INFER = "/inference.GRPCInferenceService/ModelInfer"
OF_SERVING = "/v2/models/digits/infer"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrpcServer]:
    """A server with the baseline and three versions, of which the second serves."""
    folder = tmp_path_factory.mktemp("grpc")
    memory = memory_in(folder, baseline=ROOT / "artifacts/baseline")
    for seed in (1, 2, 3):
        publish_tiny(memory, seed)
    memory.versions.promote("2", "a test", "", "3")
    memory.close()
    with GrpcServer(folder) as server:
        yield server


@pytest.fixture(scope="module")
def client(live: GrpcServer) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(live.address) as made:
        yield made


def tensor(images: NDArray[np.uint8]) -> InferInput:
    return InferInput("image", list(images.shape), "UINT8").set_data_from_numpy(images)


def files(*pictures: bytes) -> InferInput:
    return InferInput("image", [len(pictures)], "BYTES").set_data_from_numpy(np.array(pictures, dtype=object))


def some(digits: Digits, number: int = 3) -> NDArray[np.uint8]:
    return digits.images[:number, :, :, None]


def message(images: NDArray[np.uint8], **fields: Any) -> Any:
    """A request with typed contents."""
    made = service_pb2.ModelInferRequest(model_name="digits", **fields)
    made.inputs.add(name="image", datatype="UINT8", shape=images.shape).contents.uint_contents.extend(
        images.reshape(-1).tolist()
    )
    return made


def ask(live: GrpcServer, request: Any, path: str = INFER, metadata: tuple[tuple[str, str], ...] = ()) -> Any:
    """The answer to a message, or to bytes that are none; raises grpc.RpcError."""
    data = request if isinstance(request, bytes) else request.SerializeToString()
    with grpc.insecure_channel(live.address) as channel:
        answer = channel.unary_unary(path)(data, metadata=metadata, timeout=60)
    return service_pb2.ModelInferResponse.FromString(answer)


def over_http(live: GrpcServer, body: object) -> NDArray[np.float32]:
    return np.array(live.post(OF_SERVING, json=body).json()["outputs"][0]["data"], np.float32)


def test_it_says_what_it_is_as_over_http(live: GrpcServer, client: InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("digits")
    assert client.is_model_ready("digits", "3")
    assert client.get_server_metadata(as_json=True) == live.get("/v2").json()
    for version, path in (("", "/v2/models/digits"), ("0", "/v2/models/digits/versions/0")):
        told = client.get_model_metadata("digits", version, as_json=True)
        for each in told["inputs"] + told["outputs"]:
            each["shape"] = [int(size) for size in each["shape"]]  # JSON of protobuf has them as texts
        assert told == live.get(path).json()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 2**32 - 1), number=st.integers(1, 90))
def test_grpc_raw_and_typed_is_json_is_binary(
    live: GrpcServer, client: InferenceServerClient, seed: int, number: int
) -> None:
    images = np.random.default_rng(seed).integers(0, 256, (number, 28, 28, 1), np.uint8)
    image = {"name": "image", "shape": images.shape, "datatype": "UINT8"}
    flat = {"inputs": [image | {"data": images.reshape(-1).tolist()}]}
    nested = {"inputs": [image | {"data": images.tolist()}]}
    head = json.dumps(
        {
            "inputs": [image | {"parameters": {"binary_data_size": images.size}}],
            "parameters": {"binary_data_output": True},
        }
    ).encode()
    length = {"Inference-Header-Content-Length": str(len(head))}
    binary = live.post(OF_SERVING, content=head + images.tobytes(), headers=length)
    typed = ask(live, message(images))
    told = [
        over_http(live, flat),
        over_http(live, nested),
        np.frombuffer(binary.content[int(binary.headers["Inference-Header-Content-Length"]) :], "<f4"),
        client.infer("digits", [tensor(images)]).as_numpy("probabilities"),
        client.infer("digits", [tensor(images)], "2", compression_algorithm="gzip").as_numpy("probabilities"),
        np.array(typed.outputs[0].contents.fp32_contents, np.float32),
    ]
    assert (len(typed.raw_output_contents), [*typed.outputs[0].shape]) == (0, [number, 10])
    assert len({each.astype("<f4").tobytes() for each in told}) == 1
    assert told[0].size == 10 * number


def test_files_go_through_the_door_of_predict(live: GrpcServer, client: InferenceServerClient, digits: Digits) -> None:
    pictures = [digits.png(number) for number in range(3)]
    expected = np.array([live.predict(each).json()["probabilities"] for each in pictures], np.float32)
    assert np.array_equal(client.infer("digits", [files(*pictures)]).as_numpy("probabilities"), expected)
    typed = service_pb2.ModelInferRequest(model_name="digits")
    typed.inputs.add(name="image", datatype="BYTES", shape=[3, 1]).contents.bytes_contents.extend(pictures)
    told = ask(live, typed).outputs[0].contents.fp32_contents
    assert np.array_equal(np.array(told, np.float32).reshape(3, 10), expected)
    with pytest.raises(InferenceServerException, match="picture 2 of the input image") as caught:
        client.infer("digits", [files(digits.png(0), digits.png(1), b"none")])
    assert caught.value.status() == "StatusCode.INVALID_ARGUMENT"


def test_classes_the_score_the_id_and_parameters(
    live: GrpcServer, client: InferenceServerClient, digits: Digits
) -> None:
    outputs = [InferRequestedOutput("score"), InferRequestedOutput("probabilities", class_count=3)]
    parameters = {"mine": 7, "word": "x", "flag": True}
    answer = client.infer(
        "digits", [tensor(some(digits))], "0", outputs=outputs, request_id="an id", parameters=parameters
    )
    told = answer.get_response()
    assert (told.model_name, told.model_version, told.id) == ("digits", "0", "an id")
    assert [each.name for each in told.outputs] == ["score", "probabilities"]
    assert answer.as_numpy("score").shape == (3,)
    typed = message(some(digits), model_version="0")
    for number, name in enumerate(("double_param", "uint64_param")):
        setattr(typed.parameters[name], name, number)
    typed.outputs.add(name="probabilities").parameters["classification"].int64_param = 3
    texts = [text.decode() for text in ask(live, typed).outputs[0].contents.bytes_contents]
    assert [text.decode() for text in answer.as_numpy("probabilities").reshape(-1)] == texts
    image = {"name": "image", "shape": [3, 28, 28, 1], "datatype": "UINT8", "data": some(digits).tolist()}
    wanted = {"name": "probabilities", "parameters": {"classification": 3}}
    answered = live.post("/v2/models/digits/versions/0/infer", json={"inputs": [image], "outputs": [wanted]})
    assert answered.json()["outputs"][0]["data"] == texts


@pytest.mark.parametrize(
    ("model", "version"), [("digit", ""), ("other", "2"), ("digits", "4"), ("digits", "a/b"), ("", "")]
)
def test_what_is_not_there_is_not_found(
    client: InferenceServerClient, digits: Digits, model: str, version: str
) -> None:
    calls: list[Callable[[], object]] = [
        lambda: client.infer(model, [tensor(some(digits))], model_version=version),
        lambda: client.get_model_metadata(model, version),
        lambda: client.is_model_ready(model, version),
    ]
    for call in calls:
        with pytest.raises(InferenceServerException, match="there is no") as caught:
            call()
        assert caught.value.status() == "StatusCode.NOT_FOUND"


def test_a_model_beside_the_default_answers_as_over_http(
    live: GrpcServer, client: InferenceServerClient, digits: Digits
) -> None:
    published(live, "pets")
    path, image = "/m/pets/v2/models/pets", {"name": "image", "shape": [3, 28, 28, 1], "datatype": "UINT8"}
    of_default = metric(live, "relearn_confidence_count")
    assert client.is_model_ready("pets")
    assert client.is_model_ready("pets", "1")
    told = client.get_model_metadata("pets", "1", as_json=True)
    for each in told["inputs"] + told["outputs"]:
        each["shape"] = [int(size) for size in each["shape"]]
    assert told == live.get(f"{path}/versions/1").json()
    over_rest = live.post(
        f"{path}/infer", json={"inputs": [image | {"data": some(digits).reshape(-1).tolist()}]}
    ).json()
    answered = client.infer("pets", [tensor(some(digits))])
    assert answered.get_response().model_name == "pets"
    assert answered.as_numpy("probabilities").tobytes() == np.float32(over_rest["outputs"][0]["data"]).tobytes()
    absent: list[Callable[[], object]] = [
        lambda: client.infer("pets", [tensor(some(digits))], "9"),
        lambda: client.is_model_ready("pets", "9"),
    ]
    for asked in absent:
        with pytest.raises(InferenceServerException, match="there is no") as caught:
            asked()
        assert caught.value.status() == "StatusCode.NOT_FOUND"
    eventually(lambda: metric(live, 'relearn_named_answers_total{name="pets"}') == 6, "the answers of both ways")
    assert metric(live, "relearn_confidence_count") == of_default, "the default's figures are its own"
    (stats,) = live.get(f"{path}/versions/1/stats").json()["model_stats"]
    assert stats["inference_count"] == 6
    line = eventually(lambda: [each for each in live.access if f"POST /m/pets{INFER} 200" in each], "a line in the log")
    assert "model=1" in line[0]


def test_a_model_without_a_version_is_unavailable(
    live: GrpcServer, client: InferenceServerClient, digits: Digits
) -> None:
    assert make(live, "unborn").status_code == 201
    assert not client.is_model_ready("unborn")
    with pytest.raises(InferenceServerException) as caught:
        client.infer("unborn", [tensor(some(digits))])
    assert caught.value.status() == "StatusCode.UNAVAILABLE"
    refused = live.post("/m/unborn/v2/models/unborn/infer", json={"inputs": []}).json()
    assert caught.value.message() == refused["error"]


def test_wrong_shapes_types_and_names_are_invalid_arguments(client: InferenceServerClient, digits: Digits) -> None:
    wrong = [
        tensor(digits.images[:3]),
        InferInput("image", [1, 28, 28, 1], "FP32").set_data_from_numpy(np.zeros((1, 28, 28, 1), np.float32)),
        InferInput("picture", [1, 28, 28, 1], "UINT8").set_data_from_numpy(np.zeros((1, 28, 28, 1), np.uint8)),
    ]
    for each in wrong:
        with pytest.raises(InferenceServerException) as caught:
            client.infer("digits", [each])
        assert caught.value.status() == "StatusCode.INVALID_ARGUMENT"
    with pytest.raises(InferenceServerException, match="no output"):
        client.infer("digits", [tensor(some(digits))], outputs=[InferRequestedOutput("other")])


def raw(request: Any, *contents: bytes) -> Any:
    request.raw_input_contents.extend(contents)
    return request


def typed(value: int, number: int = 784) -> Any:
    made = service_pb2.ModelInferRequest(model_name="digits")
    image = made.inputs.add(name="image", datatype="UINT8", shape=[1, 28, 28, 1])
    image.contents.uint_contents.extend([value] * number)
    return made


@pytest.mark.parametrize(
    ("request_", "code", "says"),
    [
        (b"\xff\xff", "INVALID_ARGUMENT", "no ModelInferRequest"),
        (b"\x0b\x0c", "INVALID_ARGUMENT", "no ModelInferRequest"),
        (raw(typed(0, 0), bytes(783)), "INVALID_ARGUMENT", "783 bytes"),
        (raw(typed(0, 0), bytes(784), bytes(784)), "INVALID_ARGUMENT", "2 raw contents for 1 inputs"),
        (raw(typed(0), bytes(784)), "INVALID_ARGUMENT", "one of both"),
        (typed(256), "INVALID_ARGUMENT", "0 to 255"),
        (typed(0, 783), "INVALID_ARGUMENT", "783 contents"),
        (typed(0, 0), "INVALID_ARGUMENT", "nothing"),
        (typed(0, 2**18), "RESOURCE_EXHAUSTED", "raw_input_contents"),
        (raw(typed(0, 0), bytes(32 * 2**20)), "RESOURCE_EXHAUSTED", "larger than max"),
        (service_pb2.ModelInferRequest(model_name="digits", inputs=[{}, {}]), "INVALID_ARGUMENT", "2 inputs"),
        (b"", "NOT_FOUND", "no model ''"),
        (b"\x32\x00" * 1025, "INVALID_ARGUMENT", "over 1,024 fields"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_message_that_cannot_be_answered_says_why(live: GrpcServer, request_: Any, code: str, says: str) -> None:
    with pytest.raises(grpc.RpcError, match=says) as caught:
        ask(live, request_)
    assert caught.value.code().name == code


def test_the_log_the_metrics_and_the_statistics_have_it(
    live: GrpcServer, client: InferenceServerClient, digits: Digits
) -> None:
    def counted() -> int:
        stats = live.get("/v2/models/digits/versions/2/stats").json()["model_stats"][0]
        return int(stats["inference_count"])

    before = counted()
    client.infer("digits", [tensor(some(digits, 70))], headers={"x-request-id": "seventy"})
    assert counted() - before == 70
    line = eventually(lambda: next((each for each in live.access if each.endswith("id=seventy\n")), None), "its line")
    assert f"POST {INFER} 200 " in line
    assert "model=2 client=127.0.0.1 " in line
    assert f'relearn_requests_total{{method="POST",route="{INFER}",status="200"}}' in live.get("/metrics").text
    with pytest.raises(grpc.RpcError) as caught:
        ask(live, b"\xff", metadata=(("x-request-id", "wrong"),))
    told = dict(caught.value.trailing_metadata())
    assert (told["x-request-id"], told["code"]) == ("wrong", "malformed")


def test_the_client_of_asyncio_gets_the_same(live: GrpcServer, client: InferenceServerClient, digits: Digits) -> None:
    expected = client.infer("digits", [tensor(some(digits))]).as_numpy("probabilities")

    async def ask_all() -> list[Any]:
        async with tritonclient.grpc.aio.InferenceServerClient(live.address) as asker:
            assert await asker.is_server_ready()
            image = [tensor(some(digits))]
            return await asyncio.gather(*(asker.infer("digits", image, version) for version in ("", "2") * 20))

    for answer in asyncio.run(ask_all()):
        assert np.array_equal(answer.as_numpy("probabilities"), expected)
