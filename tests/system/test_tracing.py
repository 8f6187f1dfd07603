"""Traces: what a collector is sent of each request, whose trace it is a part of, and the job that goes on with it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest

from tests.collector import Collector, Span, collecting
from tests.decided import LABELS, teach
from tests.digits import Digits
from tests.faults.stage import eventually
from tests.live import ROOT, GrpcServer, LiveServer

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SERVER, INTERNAL, ERROR = 2, 1, 2  # as OTLP numbers kinds and statuses
TRAINER = """#!/bin/sh
env > {folder}/environment.new
mv {folder}/environment.new {folder}/environment
"""


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traced")


@pytest.fixture(scope="module")
def traced(folder: Path, collector: Collector) -> Iterator[GrpcServer]:
    """In the environment that has the packages; its trainer writes down its environment, and is gone."""
    trainer = folder / "bin" / "python"
    trainer.parent.mkdir()
    trainer.write_text(TRAINER.format(folder=folder))
    trainer.chmod(0o755)
    environment = {
        "OTEL_BSP_SCHEDULE_DELAY": "50",
        "OTEL_EXPORTER_OTLP_HEADERS": "x-secret=of-the-collector",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=tests",
    }
    flags = ("--otlp-endpoint", collector.url, "--workers", "2", "--trainer-python", str(trainer))
    with GrpcServer(folder, *flags, environment=environment) as server:
        yield server


def span_of(collector: Collector, answer: httpx.Response) -> Span:
    """The span of a request; all that is sent with it is there as well."""
    wanted = answer.headers["X-Request-ID"]

    def found() -> Span | None:
        of_it = (each for each in collector.spans if each.attributes.get("relearn.request_id") == wanted)
        return next(of_it, None)

    return eventually(found, f"the span of {wanted}")


@pytest.mark.parametrize("path", ["/predict", "/predict?include=input", "/predict/batch"])
def test_a_prediction_is_a_span_with_its_stages(
    traced: LiveServer, collector: Collector, digits: Digits, path: str
) -> None:
    name = "files" if path.endswith("batch") else "file"
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-API-Key": "unknown"}
    answer = traced.post(path, files={name: ("a.png", digits.png(0))}, headers=headers)
    assert answer.status_code == 200
    span = span_of(collector, answer)
    route = path.partition("?")[0]
    assert (span.name, span.kind, span.trace, span.parent) == (f"POST {route}", SERVER, TRACE, PARENT)
    expected = {
        "http.request.method": "POST",
        "http.route": route,
        "url.scheme": "http",
        "url.path": route,
        "http.response.status_code": 200,
        "client.address": "127.0.0.1",
        "relearn.request_id": answer.headers["X-Request-ID"],
        "relearn.key": "-",
        "relearn.model_version": "0",
        "relearn.batch_size": 1,
    }
    assert span.attributes == expected
    stages = collector.under(span)
    assert [(each.name, each.kind, each.trace) for each in stages] == [
        (name, INTERNAL, TRACE) for name in ("decode", "queue", "infer")
    ]
    assert span.begin <= stages[0].begin
    assert [each.begin for each in stages[1:]] == [each.end for each in stages[:-1]]
    assert stages[-1].end == span.end
    assert {"service.name": "relearn", "deployment.environment.name": "tests"}.items() <= span.resource.items()
    assert span.resource["service.version"]
    assert "unknown" not in str(span.attributes)
    assert collector.headers[0]["x-secret"] == "of-the-collector"


def test_a_call_of_grpc_is_a_span_too(traced: GrpcServer, collector: Collector) -> None:
    path = "/inference.GRPCInferenceService/ServerLive"
    sent = (("traceparent", f"00-{TRACE}-{PARENT}-01"),)
    with grpc.insecure_channel(traced.address) as channel:
        channel.unary_unary(path)(b"", metadata=sent)
    span = eventually(lambda: next(iter(collector.named(f"POST {path}")), None), "its span")
    assert (span.kind, span.trace, span.parent) == (SERVER, TRACE, PARENT)
    assert span.attributes["http.response.status_code"] == 200


def test_what_brings_no_trace_begins_one(traced: LiveServer, collector: Collector) -> None:
    spans = [span_of(collector, traced.get("/models/0")) for _ in range(2)]
    assert {each.name for each in spans} == {"GET /models/{version}"}
    assert spans[0].attributes["url.path"] == "/models/0"
    assert [each.parent for each in spans] == ["", ""]
    assert spans[0].trace != spans[1].trace
    assert collector.under(spans[0]) == []


@pytest.mark.parametrize("sent", ["", "00-0-0-01", f"00-{'0' * 32}-{PARENT}-01", "ü", f"ff-{TRACE}-{PARENT}-01"])
def test_a_trace_that_is_none_is_not_gone_on_with(traced: LiveServer, collector: Collector, sent: str) -> None:
    answer = traced.get("/livez", headers={"traceparent": sent.encode("latin-1")})
    span = span_of(collector, answer)
    assert (answer.status_code, span.parent, span.trace != TRACE) == (200, "", True)


def test_who_asks_for_no_record_has_none(traced: LiveServer, collector: Collector) -> None:
    unseen = traced.get("/livez", headers={"traceparent": f"00-{TRACE}-{PARENT}-00", "X-Request-ID": "unseen"})
    assert unseen.status_code == 200
    span_of(collector, traced.get("/livez"))  # over the same connection, so that its worker has sent all before
    assert all(each.attributes.get("relearn.request_id") != "unseen" for each in collector.spans)


def test_what_fails_and_what_is_no_call_are_spans_too(traced: LiveServer, collector: Collector) -> None:
    missing = span_of(collector, traced.get("/nowhere?secret=1"))
    assert (missing.name, missing.attributes["http.response.status_code"], missing.status) == ("GET", 404, 0)
    assert missing.attributes["url.path"] == "/nowhere"
    assert "http.route" not in missing.attributes
    strange = span_of(collector, traced.client.request("BREW", f"{traced.url}/livez"))
    assert (strange.name, strange.attributes["http.request.method"]) == ("HTTP", "_OTHER")
    host, port = traced.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"no HTTP\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 400")
    eventually(lambda: [each for each in collector.named("HTTP") if each.attributes["url.path"] == "-"], "its span")


def test_a_job_goes_on_with_the_trace_of_who_began_it(traced: LiveServer, collector: Collector, folder: Path) -> None:
    (folder / "environment").unlink(missing_ok=True)
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    begun = traced.post("/retrain", json={"force": True}, headers=headers)
    assert begun.status_code == 202, begun.text
    span = span_of(collector, begun)
    environment = folder / "environment"
    eventually(environment.is_file, "the trainer")
    told = dict(line.partition("=")[::2] for line in environment.read_text().splitlines())
    assert told["TRACEPARENT"].rpartition("-")[0] == f"00-{TRACE}-{span.id}"
    assert "of-the-collector" not in environment.read_text()


def test_what_the_policy_begins_is_a_trace_of_its_own(traced: LiveServer, collector: Collector, folder: Path) -> None:
    cancel_newest(traced)
    (folder / "environment").unlink(missing_ok=True)
    policy = {"mode": "auto", "labels": LABELS, "on_alarm": False, "quiet_minutes": 0, "cooldown_minutes": 0}
    traced.client.put(f"{traced.url}/retrain/policy", json=policy).raise_for_status()
    teach(traced, 30_000)
    span = eventually(lambda: next(iter(collector.named("retrain policy")), None), "the span of the policy")
    environment = folder / "environment"
    eventually(environment.is_file, "the trainer")
    told = dict(line.partition("=")[::2] for line in environment.read_text().splitlines())
    assert told["TRACEPARENT"] == f"00-{span.trace}-{span.id}-01"
    job = traced.get("/retrain/jobs").json()["jobs"][0]
    assert job["by"] == "retrain policy"
    assert (span.kind, span.parent, span.attributes) == (INTERNAL, "", {"relearn.job": job["job"]})
    traced.client.put(f"{traced.url}/retrain/policy", json={"mode": "off"}).raise_for_status()
    cancel_newest(traced)


def cancel_newest(server: LiveServer) -> None:
    """Make room for another job: the trainer of these tests runs none."""
    for each in server.get("/retrain/jobs").json()["jobs"][:1]:
        server.client.delete(f"{server.url}/retrain/jobs/{each['job']}")


def waiting(folder: Path, collector: Collector) -> GrpcServer:
    """A server that starts no trainer."""
    flags = ("--otlp-endpoint", collector.url, "--trainer", "none")
    return GrpcServer(folder, *flags, environment={"OTEL_BSP_SCHEDULE_DELAY": "50"})


WRITES_DOWN = """
import os, sys
from pathlib import Path
if "child" in sys.orig_argv:
    Path(os.environ["WRITTEN"]).write_text(os.environ.get("TRACEPARENT", "none"))
"""


def test_a_runner_that_waits_goes_on_with_the_trace_that_a_job_names(tmp_path: Path) -> None:
    with collecting() as collector, waiting(tmp_path, collector) as server:
        begun = server.post("/retrain", json={"force": True}, headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
        assert begun.status_code == 202, begun.text
        span = span_of(collector, begun)
        assert "traceparent" not in server.get("/retrain/jobs/1").text
        written, site = tmp_path / "written", tmp_path / "site"
        site.mkdir()
        (site / "sitecustomize.py").write_text(WRITES_DOWN)
        places = ("--artifacts", str(server.artifacts), "--data", str(server.data), "--dataset", str(tmp_path / "none"))
        runner = [sys.executable, "-m", "trainer", "job", "1", *places]
        environment = os.environ | {"PYTHONPATH": str(site), "WRITTEN": str(written), "TRACEPARENT": "its own"}
        subprocess.run(runner, cwd=ROOT, env=environment, capture_output=True, check=False, timeout=120)
        assert written.read_text().rpartition("-")[0] == f"00-{TRACE}-{span.id}"


def test_a_server_stops_in_time_though_no_collector_answers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # which takes connections, and says nothing
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_TIMEOUT": "60"}
        with GrpcServer(tmp_path, "--trainer", "none", environment=environment) as server:
            assert server.get("/livez").status_code == 200
            begun = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - begun < 25  # the collector would be waited for half a minute
            silent.settimeout(0)
            silent.accept()[0].close()  # it was asked


def test_without_a_collector_nothing_of_it_is_loaded() -> None:
    program = (
        "import sys; from server.app import create_app; from server.settings import Settings; create_app(Settings()); "
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    done = subprocess.run([GrpcServer.python, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_without_the_packages_the_start_says_how_to_have_them() -> None:
    command = [str(LiveServer.python), "-m", "server", "--port", "0", "--otlp-endpoint", "http://127.0.0.1:4318"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr.startswith("error: RELEARN_OTLP_ENDPOINT needs opentelemetry-sdk: pip install 'relearn-server")
