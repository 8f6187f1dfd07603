"""gRPC as a part of the process: keys, health, a stop that cancels no call, several workers, and what is missing."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from server.web.keys import Scope, new_key
from tests.digits import Digits
from tests.faults.stage import eventually, workers_of
from tests.live import ROOT, GrpcServer, LiveServer

CHECK, WATCH = (f"/grpc.health.v1.Health/{name}" for name in ("Check", "Watch"))
SERVING, NOT_SERVING, UNKNOWN = b"\x08\x01", b"\x08\x02", b"\x08\x03"  # HealthCheckResponse, status = 1


def named(service: str) -> bytes:
    """A HealthCheckRequest."""
    return b"\x0a%c%b" % (len(service), service.encode())


def pictures(number: int) -> InferInput:
    image = InferInput("image", [number, 28, 28, 1], "UINT8")
    return image.set_data_from_numpy(np.zeros((number, 28, 28, 1), np.uint8))


def test_keys_and_scopes_are_those_of_http(tmp_path: Path) -> None:
    reader, reads = new_key("reader", [Scope.READ])
    teacher, teaches = new_key("teacher", [Scope.TEACH])
    environment = {"RELEARN_API_KEY": "secret", "RELEARN_KEYS": f"{reads};{teaches}"}

    def code(version: str, **headers: str) -> str:
        calls: list[Callable[[], object]] = [
            lambda: client.infer("digits", [pictures(1)], model_version=version, headers=headers),
            lambda: client.get_model_metadata("digits", version, headers=headers),
            lambda: client.is_model_ready("digits", version, headers=headers),
        ]
        codes = set()
        for call in calls:
            try:
                call()
                codes.add("OK")
            except InferenceServerException as error:
                codes.add(error.status().removeprefix("StatusCode."))
        (only,) = codes
        return only

    with GrpcServer(tmp_path, environment=environment) as live, InferenceServerClient(live.address) as client:
        assert code("") == "OK"  # what serves is asked by anybody
        assert code("0") == "UNAUTHENTICATED"
        assert code("0", authorization="Bearer wrong") == "UNAUTHENTICATED"
        assert code("0", authorization=f"Bearer {teacher}") == "PERMISSION_DENIED"
        assert code("0", authorization=f"Bearer {reader}") == "OK"
        assert code("0", **{"x-api-key": reader}) == "OK"
        line = eventually(lambda: next((each for each in live.access if "key=reader" in each), None), "its line")
        assert "/inference.GRPCInferenceService/" in line


def test_a_stop_ends_no_call_and_tells_who_watches(tmp_path: Path, digits: Digits) -> None:
    large = np.array([digits.png(number % 100) for number in range(1000)], dtype=object)
    files = InferInput("image", [1000], "BYTES").set_data_from_numpy(large)
    with (
        GrpcServer(tmp_path, "--drain-seconds", "1") as live,
        grpc.insecure_channel(live.address) as channel,
        InferenceServerClient(live.address) as client,
        ThreadPoolExecutor(8) as threads,
    ):
        check, watch = channel.unary_unary(CHECK), channel.unary_stream(WATCH)
        assert check(b"") == check(named("inference.GRPCInferenceService")) == SERVING
        with pytest.raises(grpc.RpcError, match="NOT_FOUND"):
            check(named("another"))
        unknown, watched = watch(named("another")), watch(b"")
        assert (next(unknown), next(watched)) == (UNKNOWN, SERVING)
        asked = [threads.submit(client.infer, "digits", [files]) for _ in range(8)]
        eventually(lambda: live.get("/stats").json()["queue"] or any(each.done() for each in asked), "work")
        live.send(signal.SIGTERM)
        assert next(watched) == NOT_SERVING
        assert not client.is_server_ready()  # still asked
        answers = [each.result() for each in asked]
        assert list(watched) == list(unknown) == []  # ended, and not cancelled
        assert live.wait() == 0
        assert [answer.as_numpy("probabilities").shape for answer in answers] == [(1000, 10)] * 8
        assert not [line for line in live.log if "Traceback" in line or "ERROR" in line]


def test_clients_that_ask_on_and_on_are_sent_away_before_the_end(tmp_path: Path) -> None:
    def ask_on(address: str) -> list[str]:
        codes: list[str] = []
        with InferenceServerClient(address) as client:
            while codes[-1:] != ["UNAVAILABLE"]:
                try:
                    client.infer("digits", [pictures(8)], client_timeout=60)
                    codes.append("OK")
                except InferenceServerException as error:
                    codes.append(error.status().removeprefix("StatusCode."))
        return codes

    with GrpcServer(tmp_path) as live, ThreadPoolExecutor(8) as threads:
        asking = [threads.submit(ask_on, live.address) for _ in range(8)]
        eventually(lambda: sum("ModelInfer 200" in line for line in live.access) > 100, "answers")
        assert live.stop() == 0
        codes = [code for each in asking for code in each.result()]
    answered = [line.split()[3] for line in live.access if "ModelInfer" in line]
    assert answered == ["200"] * codes.count("OK")  # whoever was answered has the answer
    assert codes.count("UNAVAILABLE") == 8
    assert codes.count("CANCELLED") <= 2  # which may have been on their way at that very moment; else half of them
    assert "Traceback" not in "".join(live.log)


def test_two_workers_answer_on_one_port_and_a_killed_one_takes_it_not_along(tmp_path: Path) -> None:
    with GrpcServer(tmp_path, "--workers", "2") as live:
        port = live.address.rpartition(":")[2]
        first, second = workers_of(live)

        def asked() -> set[str]:
            """The workers that answered some calls, by the ids that they gave."""
            found = set()
            for _ in range(20):
                options = [("grpc.use_local_subchannel_pool", 1)]  # a connection of its own
                with grpc.insecure_channel(live.address, options) as channel:
                    _, call = channel.unary_unary(CHECK).with_call(b"", timeout=60, wait_for_ready=True)
                    found.add(str(dict(call.trailing_metadata())["x-request-id"]).partition("-")[0])
            return found

        before = eventually(lambda: found if len(found := asked()) == 2 else None, "an answer of both")
        os.kill(first, signal.SIGKILL)
        after = eventually(lambda: found if len(found := asked()) == 2 and found != before else None, "its follower")
        assert len(before & after) == 1
        assert second in workers_of(live)
        assert live.address.endswith(port)
        assert live.stop() == 0


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def start(python: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [python, "-m", "server", "--port", "0", *flags]
    return subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_that_is_taken_ends_the_start_with_a_sentence(taken: int, workers: str) -> None:
    done = start(GrpcServer.python, "--grpc-port", str(taken), "--workers", workers)
    assert done.returncode == 1
    assert done.stderr == f"error: can't listen for gRPC on port {taken} of 127.0.0.1: Address already in use\n"


def test_without_the_package_the_start_says_how_to_have_it() -> None:
    done = start(LiveServer.python, "--grpc-port", "0")
    assert done.returncode == 1
    assert done.stderr.startswith("error: RELEARN_GRPC_PORT needs the grpcio package")
    assert "pip install" in done.stderr
