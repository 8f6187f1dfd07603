"""What is done while clients keep asking: each of them has its own right answer, and nobody waits for the rest."""

import contextlib
import os
import random
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from server.store.memory import Memory
from tests.digits import Digits
from tests.faults.stage import Stage, eventually
from tests.live import PLAIN, ROOT, LiveServer
from tests.load import Load
from tests.system.test_express import connect, post, read_answer
from tests.tiny import memory_in, publish_tiny

IMAGES = 16
BRIEF = ("--promote-wait-seconds", "1")  # a move that another has overtaken is never everywhere
SLACK = 4  # descriptors that come and go with the load itself
Tries = Callable[[str, object], None]


def open_files(server: LiveServer) -> int:
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


@contextlib.contextmanager
def load_on(server: LiveServer, digits: Digits) -> Iterator[Load]:
    """Clients that keep asking; at the end each had the answer that its picture had before."""
    pngs = [digits.png(position) for position in range(IMAGES)]
    before = [server.predict(png).json()["probabilities"] for png in pngs]
    with Load(server.url, pngs, clients=2, limit=10**6) as load:
        yield load
    assert not load.errors
    assert len(load.replies) > IMAGES
    assert {reply.status for reply in load.replies} == {200}
    version = load.replies[0].content["model_version"]
    for reply in load.replies:
        if reply.content["model_version"] == version:
            found = reply.content["probabilities"]
            assert max(abs(one - other) for one, other in zip(found, before[reply.position], strict=True)) < 1e-5


@pytest.mark.parametrize("limit", [8, 100_000])
def test_of_more_than_the_queue_takes_the_rest_is_refused_at_once(
    tmp_path: Path, digits: Digits, limit: int, record_property: Tries
) -> None:
    """64 requests that are there at the same moment, again and again; with room for all of them none is refused."""
    rounds, clients = 20, 64
    record_property("tries", rounds * clients)
    expected = [int(number) for number in digits.classes[:clients]]
    with (
        LiveServer(tmp_path, "--queue-limit", str(limit), "--batch-limit", "8") as server,
        contextlib.ExitStack() as stack,
    ):
        predicted = [server.predict(digits.png(position)).json()["prediction"] for position in range(clients)]
        assert sum(one == other for one, other in zip(predicted, expected, strict=True)) > 60
        connections = [stack.enter_context(connect(server)) for _ in range(clients)]
        refused = 0
        for _ in range(rounds):
            os.kill(server.pid, signal.SIGSTOP)  # so that all are there when it goes on
            for position, connection in enumerate(connections):
                connection.sendall(post(digits.png(position)))
            os.kill(server.pid, signal.SIGCONT)
            for position, connection in enumerate(connections):
                status, headers, body = read_answer(connection)
                if status == 503:
                    refused += 1
                    assert int(headers["retry-after"]) >= 1
                else:
                    assert status == 200
                    assert f'"prediction":{predicted[position]}'.encode() in body
            assert server.predict(digits.png(0)).status_code == 200
    assert (refused > 0) == (limit == 8)


def test_nobody_waits_for_a_model_that_is_slow_to_load(tmp_path: Path, digits: Digits) -> None:
    stage = Stage(tmp_path / "stage")
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    with LiveServer(tmp_path, environment=stage.environment) as server:
        stage.stop_at("before loading 1")
        with load_on(server, digits) as load:
            publish_tiny(memory)
            stage.reached()
            begun = len(load.replies)
            load.wait_for(lambda so_far: len(so_far.replies) > begun + 200)
            assert {reply.content["model_version"] for reply in load.replies} == {"0"}
            stage.go()
            load.wait_for(lambda so_far: so_far.replies[-1].content["model_version"] == "1")
        assert [one for one, _ in pairwise(versions(load))] == sorted(versions(load)[:-1]), "never back to the old one"
    memory.close()


def versions(load: Load) -> list[str]:
    """Of one client, in the order of its answers."""
    return [reply.content["model_version"] for reply in load.replies if reply.position % 2 == 0]


@pytest.mark.long(seconds=4)
def test_moves_by_many_at_once_are_one_after_another(tmp_path: Path, digits: Digits, record_property: Tries) -> None:
    memory: Memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    callers, each = 32, 2
    record_property("tries", callers * each)
    with LiveServer(tmp_path, "--workers", "2", *BRIEF) as server:
        for seed in range(3):
            publish_tiny(memory, seed)
        eventually(lambda: server.post("/models/3/promote").status_code == 200, "the last of them serves")

        def move(caller: int) -> set[int]:
            chance = random.Random(caller)  # noqa: S311
            with httpx.Client(base_url=server.url, **PLAIN, timeout=120) as client:
                return {client.post(f"/models/{chance.randrange(4)}/promote").status_code for _ in range(each)}

        with load_on(server, digits), ThreadPoolExecutor(callers) as pool:
            statuses = set().union(*pool.map(move, range(callers)))
        assert statuses <= {200, 202, 409}
        assert statuses & {200, 202}
        moves = memory.pointer.moves(1000)
        assert all(after.from_version == before.to_version for before, after in pairwise(moves))
        current = memory.pointer.current()
        assert current == moves[-1].to_version
        eventually(lambda: server.post(f"/models/{current}/promote").status_code == 200, "the last move serves")
        for _ in range(10):
            with httpx.Client(base_url=server.url, **PLAIN) as client:
                assert client.get("/health").json()["model_version"] == current
    memory.close()


def leave(connection: socket.socket) -> None:
    """Close it so that the other side is reset, whatever is under way."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def form(digits: Digits, count: int, *fields: bytes) -> bytes:
    parts = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n%b\r\n' % digits.png(position)
        for position in range(count)
    )
    return parts + b"".join(fields) + b"--b--\r\n"


def test_clients_that_leave_take_nothing_of_the_others_along(
    tmp_path: Path, digits: Digits, record_property: Tries
) -> None:
    """In the middle of an upload, of a batch, and of an answer."""
    rounds = 30
    kind = b"multipart/form-data; boundary=b"
    label = b'--b\r\nContent-Disposition: form-data; name="labels"\r\n\r\n7\r\n'
    upload = post(form(digits, 20, label), path=b"/upload", kind=kind)
    batch = post(form(digits, 32), path=b"/predict/batch", kind=kind)
    ways = {"an upload": upload[:-500], "a batch": batch, "answers": post(digits.png(0)) * 500}
    record_property("tries", rounds * len(ways))
    with LiveServer(tmp_path) as server, load_on(server, digits) as load:
        load.wait_for(lambda so_far: len(so_far.replies) > 50)
        before = open_files(server) + SLACK
        for number in range(rounds):
            for request in ways.values():
                connection = connect(server)
                connection.settimeout(0.02)
                with contextlib.suppress(OSError):  # it is not read while its answers are not
                    connection.sendall(request)
                time.sleep(0.001 * (number % 10))
                leave(connection)
        begun = len(load.replies)
        load.wait_for(lambda so_far: len(so_far.replies) > begun + 50)
        eventually(lambda: open_files(server) <= before, "the descriptors come back")
        assert server.get("/dataset").json()["count"] == 0
        assert not [path for path in server.data.rglob("*") if path.is_file()]
        assert server.get("/stats").json()
        assert "Traceback" not in "".join(server.log)


def p99_seconds(server: LiveServer, png: bytes) -> float:
    """Of one client more, which asks a few hundred times."""
    seconds = []
    with connect(server) as connection:
        for _ in range(400):
            begun = time.monotonic()
            connection.sendall(post(png))
            assert read_answer(connection)[0] == 200
            seconds.append(time.monotonic() - begun)
    return sorted(seconds)[-5]


def is_unaffected(before: float, now: float) -> bool:
    return now < 4 * before + 0.05


# How many are idle, in the middle of a header, and of a body.
SLOW = {b"": 1000, b"GET /livez HTTP/1.1\r\nX: ": 300, post(bytes(5000), path=b"/predict?")[:-5000]: 300}


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("seconds", [2, pytest.param(1000, marks=pytest.mark.long(seconds=8))])
def test_slow_clients_are_closed_and_cost_the_others_nothing(
    tmp_path: Path, digits: Digits, seconds: int, record_property: Tries
) -> None:
    """Sixteen hundred; without a deadline they would all still be there."""
    record_property("tries", sum(SLOW.values()))
    limits = ("--header-seconds", str(seconds), "--body-silence-seconds", str(seconds), "--pace-limit-bytes", "100")
    with (
        LiveServer(tmp_path, *limits, descriptors=(4096, 4096)) as server,
        load_on(server, digits) as load,
        contextlib.ExitStack() as stack,
    ):
        load.wait_for(lambda so_far: len(so_far.replies) > 50)
        usual, before = p99_seconds(server, digits.png(0)), open_files(server) + SLACK
        slow = [(stack.enter_context(connect(server)), begin) for begin, number in SLOW.items() for _ in range(number)]
        for connection, begin in slow:
            connection.sendall(begin)
        if seconds == 1000:
            assert any(is_unaffected(usual, p99_seconds(server, digits.png(0))) for _ in range(5))
        closed = time.monotonic() + (60 if seconds == 2 else 6)
        while open_files(server) > before and time.monotonic() < closed:
            for connection, begin in slow:
                if begin:
                    with contextlib.suppress(OSError):
                        connection.sendall(b"a")
            time.sleep(0.2)
        left = open_files(server) - before
        assert (left <= 0) if seconds == 2 else (left > sum(SLOW.values()) / 2), left
        if seconds == 2:
            assert all(connection.recv(13) == b"HTTP/1.1 408 " for connection, begin in slow if not begin)


def test_a_service_that_is_held_up_would_be_seen(server: LiveServer, digits: Digits) -> None:
    usual, over = p99_seconds(server, digits.png(0)), threading.Event()

    def hold_up() -> None:
        while not over.wait(0.005):
            server.send(signal.SIGSTOP)
            over.wait(10 * usual + 0.2)
            server.send(signal.SIGCONT)

    holding = threading.Thread(target=hold_up)
    holding.start()
    try:
        assert not is_unaffected(usual, p99_seconds(server, digits.png(0)))
    finally:
        over.set()
        holding.join()
