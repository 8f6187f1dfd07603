"""Models change under load: every answer is one version's own, none fails, and what is broken never serves."""

import http.client
import json
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from export.publish import publish
from server.store.memory import Memory
from tests.digits import Digits
from tests.faults.stage import eventually
from tests.live import ROOT, LiveServer
from tests.load import Load
from tests.tiny import answers, memory_in, publish_tiny, tiny_candidate, tiny_onnx

IMAGES = 32
BRIEF = ("--promote-wait-seconds", "1")  # a move that another has overtaken is never everywhere
GROWTH_BYTES = 20 * 2**20  # over half of the swaps
REPLIES = 1_000_000  # for each client: a busy machine takes seconds for the first load of a version


def resident_bytes(server: LiveServer) -> int:
    return int(Path(f"/proc/{server.pid}/statm").read_text().split()[1]) * 4096


def memory_of(server: LiveServer) -> Memory:
    return memory_in(server.folder, baseline=ROOT / "artifacts/baseline")


@pytest.mark.parametrize(
    ("workers", "swaps"),
    [
        (2, 6),
        pytest.param(1, 30, marks=pytest.mark.long(seconds=12)),
        pytest.param(2, 30, marks=pytest.mark.long(seconds=16)),
        pytest.param(1, 200, marks=pytest.mark.soak),
    ],
)
def test_every_answer_is_one_versions_own_while_models_change(
    tmp_path: Path, digits: Digits, workers: int, swaps: int, record_property: Callable[[str, object], None]
) -> None:
    record_property("tries", swaps)
    pngs = [digits.png(position) for position in range(IMAGES)]
    offline: dict[str, np.ndarray] = {}
    half = 0
    with LiveServer(tmp_path, "--workers", str(workers)) as server:
        memory = memory_of(server)
        with Load(server.url, pngs, limit=REPLIES) as load:
            for seed in range(swaps):
                version = publish_tiny(memory, seed)
                offline[version] = answers(tiny_onnx(seed), digits.images[:IMAGES, :, :, None])
                before = len(load.replies)
                load.wait_for(
                    lambda so_far: any(reply.content["model_version"] == version for reply in so_far.replies[before:])  # noqa: B023
                )
                if seed == swaps // 2:
                    half = resident_bytes(server)
            assert resident_bytes(server) - half < GROWTH_BYTES
        assert not load.errors
        assert {reply.status for reply in load.replies} == {200}
        seen = {reply.content["model_version"] for reply in load.replies}
        assert seen >= set(offline)
        for reply in load.replies:
            if reply.content["model_version"] in offline:
                expected = offline[reply.content["model_version"]][reply.position]
                assert np.abs(np.array(reply.content["probabilities"]) - expected).max() < 1e-5


def test_promoting_by_call_under_load_is_complete_when_it_answers(tmp_path: Path, digits: Digits) -> None:
    with LiveServer(tmp_path, "--workers", "2") as server:
        memory = memory_of(server)
        for seed in range(3):
            publish_tiny(memory, seed)
        with Load(server.url, [digits.png(position) for position in range(IMAGES)]) as load:
            for version in ("1", "3", "0", "2"):
                answer = server.post(f"/models/{version}/promote", json={"reason": "a test"})
                assert answer.status_code == 200, answer.text
                for _ in range(20):  # new connections, so that either worker may answer
                    with http_client(server) as connection:
                        connection.request("POST", "/predict", digits.png(0), {"Content-Type": "image/png"})
                        assert json.loads(connection.getresponse().read())["model_version"] == version
        assert not load.errors
        assert {reply.status for reply in load.replies} == {200}
        moves = server.get("/models").json()["promotions"]
        assert [(move["from"], move["to"], move["kind"]) for move in moves] == [
            ("0", "1", "published"),
            ("1", "2", "published"),
            ("2", "3", "published"),
            ("3", "1", "rolled back"),
            ("1", "3", "promoted"),
            ("3", "0", "rolled back"),
            ("0", "2", "promoted"),
        ]
        assert [(move["by"], move["reason"]) for move in moves] == [("a test", "")] * 3 + [("api", "a test")] * 4
        assert set(moves[-1]) == {"time", "from", "to", "kind", "by", "reason"}


class http_client:  # noqa: N801 - a context manager
    def __init__(self, server: LiveServer) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)

    def __enter__(self) -> http.client.HTTPConnection:
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


@pytest.mark.long(seconds=3)
def test_many_promotions_at_once_are_put_in_order(tmp_path: Path) -> None:
    with LiveServer(tmp_path, *BRIEF) as server:
        memory = memory_of(server)
        for seed in range(8):
            publish_tiny(memory, seed)
        statuses: list[int] = []

        def promote(number: int) -> None:
            with http_client(server) as connection:
                connection.request("POST", f"/models/{number}/promote")
                response = connection.getresponse()
                response.read()
                statuses.append(response.status)

        threads = [threading.Thread(target=promote, args=(number % 8 + 1,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(statuses) <= {200, 202, 409}
        assert 200 in statuses or 202 in statuses
        current = memory.pointer.current()
        moves = memory.pointer.moves(100)
        assert current == moves[-1].to_version
        assert all(after.from_version == before.to_version for before, after in pairwise(moves))
        eventually(lambda: server.post(f"/models/{current}/promote").status_code == 200, "the last of them serves")
        assert server.get("/health").json()["model_version"] == current


def test_a_broken_version_is_refused_and_the_old_one_serves_on(tmp_path: Path, digits: Digits) -> None:
    with LiveServer(tmp_path) as server:
        memory = memory_of(server)
        publish_tiny(memory)
        server.post("/models/1/promote")
        publish(memory, tiny_candidate(1, golden=b"not an archive"), "1", "a test")
        with Load(server.url, [digits.png(0)]) as load:
            load.wait_for(lambda _: server.get("/health").json()["status"] == "degraded")
        assert {reply.content["model_version"] for reply in load.replies} == {"1"}
        assert "golden.npz" in server.get("/health").json()["problems"][0]
        assert server.get("/readyz").status_code == 200
        answer = server.post("/models/2/promote")
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert server.post("/models/1/promote").status_code == 200
        assert server.get("/health").json()["status"] == "healthy"
        server.stop()
        (memory.versions.folder("1") / "model.onnx").write_bytes(b"")
        server.start()
        health = server.get("/health").json()
        assert (health["status"], health["model_version"]) == ("degraded", "0")
        assert server.predict(digits.png(0)).json()["prediction"] == 7


def test_a_version_that_appears_file_by_file_is_ignored_until_it_is_whole(tmp_path: Path) -> None:
    with LiveServer(tmp_path) as server:
        memory = memory_of(server)
        publish_tiny(memory)
        half = memory.versions.folder("2")
        half.mkdir()
        (half / "model.onnx").write_bytes(tiny_onnx(1))
        assert [each["version"] for each in server.get("/models").json()["models"]] == ["1", "0"]
        assert server.post("/models/2/promote").status_code == 404


def test_without_any_model_it_says_so(tmp_path: Path, digits: Digits) -> None:
    with LiveServer(tmp_path, "--name", "unheard-of") as server:
        assert server.get("/livez").status_code == 200
        for path in ("/readyz", "/health"):
            assert server.get(path).status_code == 503
        answer = server.predict(digits.png(0))
        assert (answer.status_code, answer.json()["code"]) == (503, "no_model")
        assert answer.headers["Retry-After"]
