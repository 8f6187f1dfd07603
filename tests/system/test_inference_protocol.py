"""The Open Inference Protocol as its clients speak it: tritonclient over real sockets, and bare HTTP beside it."""

import asyncio
import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.http
import tritonclient.http.aio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from server.store.memory import Memory
from tests.digits import Digits, encoded
from tests.live import ROOT, LiveServer
from tests.tiny import memory_in, publish_tiny

OF_SERVING = "/v2/models/digits/infer"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, Memory]]:
    """A server with the baseline and three versions, of which the second serves."""
    folder = tmp_path_factory.mktemp("protocol")
    memory = memory_in(folder, baseline=ROOT / "artifacts/baseline")
    for seed in (1, 2, 3):
        publish_tiny(memory, seed)
    memory.versions.promote("2", "a test", "", "3")
    with LiveServer(folder) as server:
        yield server, memory
    memory.close()


@pytest.fixture(scope="module")
def live(place: tuple[LiveServer, Memory]) -> LiveServer:
    return place[0]


@pytest.fixture(autouse=True)
def _as_it_was(place: tuple[LiveServer, Memory]) -> None:
    """Version 2 serves, whatever a test before made serve."""
    live, memory = place
    if memory.pointer.current() != "2":
        assert live.post("/models/2/promote").status_code == 200


@pytest.fixture(scope="module")
def client(live: LiveServer) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(live.url.removeprefix("http://")) as made:
        yield made


def tensor(images: NDArray[np.uint8], binary: bool = True) -> InferInput:
    made = InferInput("image", list(images.shape), "UINT8")
    made.set_data_from_numpy(images, binary_data=binary)
    return made


def files(*pictures: bytes, column: bool = False) -> InferInput:
    array = np.array(pictures, dtype=object)
    array = array.reshape(-1, 1) if column else array
    made = InferInput("image", list(array.shape), "BYTES")
    made.set_data_from_numpy(array)
    return made


def some(digits: Digits, number: int = 3) -> NDArray[np.uint8]:
    return digits.images[:number, :, :, None]


def predicted(live: LiveServer, digits: Digits, number: int) -> NDArray[np.float32]:
    """What /predict says of the first digits."""
    answers = [live.predict(digits.png(position)).json()["probabilities"] for position in range(number)]
    return np.array(answers, np.float32)


def test_it_says_what_it_is(client: InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("digits")
    server = client.get_server_metadata()
    assert server["name"] == "relearn"
    assert {"binary_tensor_data", "classification", "statistics"} <= set(server["extensions"])
    assert client.get_model_metadata("digits") == {
        "name": "digits",
        "versions": ["0", "1", "2", "3"],
        "platform": "onnx_onnxv1",
        "inputs": [{"name": "image", "datatype": "UINT8", "shape": [-1, 28, 28, 1]}],
        "outputs": [{"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]}],
    }
    with_score = client.get_model_metadata("digits", "0")["outputs"]
    assert with_score[1] == {"name": "score", "datatype": "FP32", "shape": [-1]}
    config = client.get_model_config("digits")
    assert config["input"] == [{"name": "image", "data_type": "TYPE_UINT8", "dims": [28, 28, 1]}]
    assert client.get_model_config("digits", "0")["output"][1]["name"] == "score"


def test_health_has_the_bodies_of_kserve(live: LiveServer) -> None:
    assert live.get("/v2/health/live").json() == {"live": True}
    assert live.get("/v2/health/ready").json() == {"ready": True}
    assert live.get("/v2/models/digits/ready").json() == {"name": "digits", "ready": True}
    assert live.get("/v2/models/digits/versions/3/ready").json() == {"name": "digits", "ready": True}
    assert live.get("/v2").json() == live.get("/v2/").json()


@pytest.mark.parametrize("packing", [None, "gzip", "deflate"])
@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
def test_pixels_in_every_form_get_the_answers_of_predict(
    live: LiveServer, client: InferenceServerClient, digits: Digits, packing: str, binary_in: bool, binary_out: bool
) -> None:
    images = some(digits, 40)
    answer = client.infer(
        "digits",
        [tensor(images, binary_in)],
        outputs=[InferRequestedOutput("probabilities", binary_data=binary_out)],
        request_id="an id",
        request_compression_algorithm=packing,
        response_compression_algorithm=packing,
        parameters={"mine": 7},
    )
    assert np.array_equal(answer.as_numpy("probabilities").astype(np.float32), predicted(live, digits, 40))
    head = answer.get_response()
    assert (head["model_name"], head["model_version"], head["id"]) == ("digits", "2", "an id")


def test_files_go_through_the_door_of_predict(live: LiveServer, client: InferenceServerClient, digits: Digits) -> None:
    picture = Image.fromarray(255 - digits.images[4]).resize((300, 300))
    pictures = [digits.png(0), encoded(picture.convert("RGB"), "JPEG"), encoded(picture, "WEBP"), digits.png(1)]
    expected = [live.predict(each).json()["probabilities"] for each in pictures]
    for column in (False, True):
        answer = client.infer("digits", [files(*pictures, column=column)]).as_numpy("probabilities")
        assert np.array_equal(answer, np.array(expected, np.float32))


@pytest.mark.parametrize(("broken", "status"), [(b"no picture", "415"), (b"\x89PNG\r\n\x1a\n", "422"), (b"", "422")])
def test_a_file_that_is_no_picture_is_named(
    client: InferenceServerClient, digits: Digits, broken: bytes, status: str
) -> None:
    pictures = [digits.png(0)] * 70
    pictures[66] = broken
    with pytest.raises(InferenceServerException, match="picture 66") as caught:
        client.infer("digits", [files(*pictures)])
    assert caught.value.status() == status


@pytest.mark.parametrize("binary", [True, False])
def test_classes_are_told_by_value_index_and_label(
    live: LiveServer, client: InferenceServerClient, digits: Digits, binary: bool
) -> None:
    outputs = [InferRequestedOutput("probabilities", binary_data=binary, class_count=3)]
    told = client.infer("digits", [tensor(some(digits))], outputs=outputs).as_numpy("probabilities")
    assert told.shape == (3, 3)
    for row, probabilities in zip(told, predicted(live, digits, 3), strict=True):
        for text, index in zip(row, np.argsort(-probabilities), strict=False):
            value, place, label = (text.decode() if binary else str(text)).split(":")
            assert (np.float32(value), int(place), label) == (probabilities[index], index, str(index))


def test_the_client_of_asyncio_gets_the_same(live: LiveServer, client: InferenceServerClient, digits: Digits) -> None:
    expected = client.infer("digits", [tensor(some(digits))]).as_numpy("probabilities")

    async def ask() -> list[Any]:
        async with tritonclient.http.aio.InferenceServerClient(live.url.removeprefix("http://")) as asker:
            assert await asker.is_server_ready()
            assert (await asker.get_model_metadata("digits"))["name"] == "digits"
            one = tritonclient.http.aio.InferInput("image", [3, 28, 28, 1], "UINT8")
            one.set_data_from_numpy(some(digits))
            return await asyncio.gather(*(asker.infer("digits", [one], model_version=v) for v in ("", "2") * 20))

    for answer in asyncio.run(ask()):
        assert np.array_equal(answer.as_numpy("probabilities"), expected)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), number=st.integers(1, 90))
@pytest.mark.long(seconds=5)
def test_flat_is_nested_is_binary_is_packed(live: LiveServer, seed: int, number: int) -> None:
    images = np.random.default_rng(seed).integers(0, 256, (number, 28, 28, 1), np.uint8)
    image = {"name": "image", "shape": images.shape, "datatype": "UINT8"}
    flat = json.dumps({"inputs": [image | {"data": images.reshape(-1).tolist()}]}).encode()
    nested = json.dumps({"inputs": [image | {"data": images.tolist()}]}).encode()
    head = json.dumps({"inputs": [image | {"parameters": {"binary_data_size": images.size}}]}).encode()
    length = {"Inference-Header-Content-Length": str(len(head))}
    binary = head + images.tobytes()
    answers = [
        live.post(OF_SERVING, content=flat),
        live.post(OF_SERVING, content=nested),
        live.post(OF_SERVING, content=binary, headers=length),
        live.post(OF_SERVING, content=gzip.compress(nested), headers={"Content-Encoding": "gzip"}),
        live.post(OF_SERVING, content=zlib.compress(binary), headers=length | {"Content-Encoding": "deflate"}),
        live.post("/v2/models/digits/versions/2/infer", content=flat),
    ]
    assert {answer.status_code for answer in answers} == {200}
    told = [answer.json()["outputs"][0]["data"] for answer in answers]
    assert len(told[0]) == 10 * number
    assert all(each == told[0] for each in told)


def test_a_large_request_is_answered_as_small_ones_on_both_ways(live: LiveServer) -> None:
    images = np.random.default_rng(5).integers(0, 256, (300, 28, 28, 1), np.uint8)

    def asked(some: np.ndarray, may_be_packed: bool) -> np.ndarray:
        described = {"name": "image", "shape": some.shape, "datatype": "UINT8"}
        image = described | {"parameters": {"binary_data_size": some.size}}
        head = json.dumps({"inputs": [image], "parameters": {"binary_data_output": True}}).encode()
        length = {"Inference-Header-Content-Length": str(len(head))}
        content = head + some.tobytes()
        request = live.client.build_request("POST", live.url + OF_SERVING, content=content, headers=length)
        if not may_be_packed:
            del request.headers["Accept-Encoding"]  # as the lane wants it
        answer = live.client.send(request)
        assert answer.status_code == 200
        values = np.frombuffer(answer.content[int(answer.headers["Inference-Header-Content-Length"]) :], "<f4")
        return values[: 10 * len(some)].reshape(len(some), 10)

    small = np.concatenate([asked(images[start : start + 20], True) for start in range(0, len(images), 20)])
    for may_be_packed in (False, True):
        np.testing.assert_array_equal(asked(images, may_be_packed), small)


def test_a_raw_body_is_one_picture(live: LiveServer, digits: Digits) -> None:
    answer = live.post(OF_SERVING, content=digits.images[0].tobytes(), headers={"Inference-Header-Content-Length": "0"})
    head = int(answer.headers["Inference-Header-Content-Length"])
    assert json.loads(answer.content[:head])["outputs"][0]["shape"] == [1, 10]
    assert np.array_equal(np.frombuffer(answer.content[head:], "<f4"), predicted(live, digits, 1)[0])


def infer(client: InferenceServerClient, digits: Digits, version: str) -> NDArray[np.float32]:
    answer = client.infer("digits", [tensor(some(digits))], model_version=version)
    assert answer.get_response()["model_version"] == version
    probabilities: NDArray[np.float32] = answer.as_numpy("probabilities")
    return probabilities


def test_every_version_answers_by_its_number(client: InferenceServerClient, digits: Digits) -> None:
    told = {version: infer(client, digits, version) for version in ("0", "1", "3", "2", "1", "0")}
    assert len({each.tobytes() for each in told.values()}) == 4
    states = {entry["version"]: entry["state"] for entry in client.get_model_repository_index()}
    assert states == {"0": "READY", "1": "READY", "2": "READY", "3": "UNAVAILABLE"}  # two beside the one that serves


def test_the_index_can_be_of_those_that_are_ready(live: LiveServer) -> None:
    ready = live.post("/v2/repository/index", json={"ready": True}).json()
    assert {entry["state"] for entry in ready} == {"READY"}
    assert len(live.post("/v2/repository/index").json()) == 4
    assert live.post("/v2/repository/index", json={"ready": 1}).status_code == 400


@pytest.mark.parametrize(
    ("model", "version", "status"),
    [
        ("digit", "", "404"),
        ("other", "2", "404"),
        ("digits", "4", "404"),
        ("digits", "x", "404"),
        ("digits", "-1", "404"),
    ],
)
def test_what_is_not_there_is_a_404(
    client: InferenceServerClient, digits: Digits, model: str, version: str, status: str
) -> None:
    calls: list[Callable[[], object]] = [
        lambda: client.infer(model, [tensor(some(digits))], model_version=version),
        lambda: client.get_model_metadata(model, version),
        lambda: client.get_model_config(model, version),
        lambda: client.get_inference_statistics(model, version),
    ]
    for call in calls:
        with pytest.raises(InferenceServerException, match="there is no") as caught:
            call()
        assert caught.value.status() == status
    assert not client.is_model_ready(model, version)


def test_wrong_shapes_types_and_names_are_a_400(client: InferenceServerClient, digits: Digits) -> None:
    wrong = [
        tensor(digits.images[:3]),
        tensor(np.zeros((1, 14, 56, 1), np.uint8)),
        InferInput("image", [1, 28, 28, 1], "FP32").set_data_from_numpy(np.zeros((1, 28, 28, 1), np.float32)),
        InferInput("picture", [1, 28, 28, 1], "UINT8").set_data_from_numpy(np.zeros((1, 28, 28, 1), np.uint8)),
    ]
    for each in wrong:
        with pytest.raises(InferenceServerException) as caught:
            client.infer("digits", [each])
        assert caught.value.status() == "400"
    with pytest.raises(InferenceServerException, match="no output"):
        client.infer("digits", [tensor(some(digits))], outputs=[InferRequestedOutput("other")])


@pytest.mark.parametrize("length", ["x", "-1", "1e3", "99999", "9" * 40, "1"])
def test_a_length_of_the_json_that_makes_no_sense_is_a_400(live: LiveServer, length: str) -> None:
    answer = live.post(OF_SERVING, content=b"{}" * 50, headers={"Inference-Header-Content-Length": length})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


def test_a_bomb_and_an_unknown_coding_are_refused(live: LiveServer) -> None:
    bomb = gzip.compress(bytes(40 * 2**20))
    assert live.post(OF_SERVING, content=bomb, headers={"Content-Encoding": "gzip"}).status_code == 413
    answer = live.post(OF_SERVING, content=b"x", headers={"Content-Encoding": "br"})
    assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "gzip, deflate, identity")


def test_statistics_count_pictures_requests_and_time(client: InferenceServerClient, digits: Digits) -> None:
    def counted() -> dict[str, Any]:
        found: dict[str, Any] = client.get_inference_statistics("digits", "2")["model_stats"][0]
        return found

    before = counted()
    client.infer("digits", [tensor(some(digits, 70))])
    client.infer("digits", [files(digits.png(0))])
    after = counted()
    assert after["inference_count"] - before["inference_count"] == 71
    stages = after["inference_stats"]
    assert stages["success"]["count"] - before["inference_stats"]["success"]["count"] == 2
    assert 0 < stages["compute_infer"]["ns"] < stages["success"]["ns"]
    assert 2 <= after["execution_count"] - before["execution_count"] <= 15
    every = client.get_inference_statistics()["model_stats"]
    assert [entry["version"] for entry in every] == ["0", "1", "2", "3"]


def test_a_load_moves_the_pointer_and_an_unload_is_refused(
    place: tuple[LiveServer, Memory], client: InferenceServerClient, digits: Digits
) -> None:
    live, memory = place
    moves = len(memory.pointer.moves(100))
    client.load_model("digits")  # again: nothing is moved
    assert len(memory.pointer.moves(100)) == moves
    expected = infer(client, digits, "3")
    answer = live.post("/v2/repository/models/digits/load", json={"parameters": {"version": "3"}})
    assert (answer.status_code, answer.json()["model_version"]) == (200, "3")
    assert (memory.pointer.current(), memory.pointer.moves(1)[0].kind) == ("3", "promoted")
    answered = client.infer("digits", [tensor(some(digits))])
    assert answered.get_response()["model_version"] == "3"
    assert np.array_equal(answered.as_numpy("probabilities"), expected)
    with pytest.raises(InferenceServerException, match="never unloaded") as caught:
        client.unload_model("digits")
    assert caught.value.status() == "400"
    parameters: object
    for parameters in ({"version": 3}, {"config": "{}"}, {"file:1/model.onnx": "eA=="}, []):
        answer = live.post("/v2/repository/models/digits/load", json={"parameters": parameters})
        assert answer.status_code == 400
    assert live.post("/v2/repository/models/digits/load", json={"parameters": {"version": "9"}}).status_code == 404


def test_a_damaged_version_is_refused_and_what_serves_goes_on(tmp_path: Path, digits: Digits) -> None:
    memory = memory_in(tmp_path)
    serving, damaged = publish_tiny(memory, 2), publish_tiny(memory, 4)
    memory.versions.promote(serving, "a test", "", damaged)
    (memory.versions.folder(damaged) / "model.onnx").write_bytes(b"damaged")
    memory.close()
    with LiveServer(tmp_path) as live, InferenceServerClient(live.url.removeprefix("http://")) as client:
        with pytest.raises(InferenceServerException, match="hash") as caught:
            infer(client, digits, damaged)
        assert caught.value.status() == "409"
        ready = live.get(f"/v2/models/digits/versions/{damaged}/ready")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        answer = live.post("/v2/repository/models/digits/load", json={"parameters": {"version": damaged}})
        assert answer.status_code == 409
        assert infer(client, digits, serving).shape == (3, 10)


def test_keys_and_scopes(tmp_path: Path, digits: Digits) -> None:
    from server.web.keys import Scope, new_key

    reader, line = new_key("reader", [Scope.READ])
    picture = digits.images[0].tobytes()
    raw = {"Inference-Header-Content-Length": "0"}
    calls = [
        ("GET", "/v2", 200, 200),
        ("GET", "/v2/models/stats", 200, 200),
        ("GET", "/v2/models/digits", 200, 200),
        ("GET", "/v2/models/digits/config", 200, 200),
        ("POST", OF_SERVING, 200, 200),
        ("POST", "/v2/models/other/infer", 404, 404),
        ("GET", "/v2/models/digits/versions/0", 401, 200),
        ("POST", "/v2/models/digits/versions/0/infer", 401, 200),
        ("POST", "/v2/repository/index", 401, 400),
        ("POST", "/v2/repository/models/digits/load", 401, 403),
        ("POST", "/v2/repository/models/digits/unload", 401, 403),
    ]
    with LiveServer(tmp_path, environment={"RELEARN_API_KEY": "secret", "RELEARN_KEYS": line}) as server:
        for method, path, without, with_key in calls:
            content = picture if method == "POST" else None
            for status, key in ((without, {}), (with_key, {"X-API-Key": reader})):
                answer = server.client.request(method, server.url + path, content=content, headers=raw | key)
                assert answer.status_code == status, (path, key, answer.text)
        load = server.post("/v2/repository/models/digits/load", headers={"X-API-Key": "secret"})
        assert load.status_code == 200
