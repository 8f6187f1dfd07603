"""The same thing asked for many times, or sent again because its answer was lost; and a server that stood still."""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.digits import Digits
from tests.faults.bench import Bench
from tests.faults.stage import eventually
from tests.live import PLAIN, LiveServer
from tests.system.test_express import connect, post, read_answer

Tries = Callable[[str, object], None]
FORM = b"multipart/form-data; boundary=b"


def pictures(server: LiveServer) -> int:
    return len([path for path in server.data.rglob("*.png") if path.is_file()])


def upload(digits: Digits, *positions: int) -> bytes:
    files = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n%b\r\n'
    labels = b'--b\r\nContent-Disposition: form-data; name="labels"\r\n\r\n%d\r\n'
    parts = [files % digits.png(each) + labels % digits.classes[each] for each in positions]
    return post(b"".join(parts) + b"--b--\r\n", path=b"/upload", kind=FORM)


def test_of_many_triggers_one_starts_a_trainer(tmp_path: Path, record_property: Tries) -> None:
    number = 100
    record_property("tries", number)
    bench = Bench(tmp_path)
    with bench.server as server:
        bench.stage.stop_at("training")

        def trigger(_: int) -> int:
            return httpx.post(server.url + "/retrain", json={"force": True}, **PLAIN, timeout=60).status_code

        with ThreadPoolExecutor(16) as pool:
            statuses = Counter(pool.map(trigger, range(number)))
        assert statuses == {202: 1, 409: number - 1}
        child = bench.stage.reached()
        assert set(runners(tmp_path)) == {bench.runner_of("1"), child}
        assert server.get("/retrain/jobs").json()["jobs"][0]["job"] == "1"
        bench.stage.go()
        eventually(lambda: not Path(f"/proc/{child}").exists(), "the trainer's end")
        assert bench.retrain() == "2"
        eventually(lambda: server.get("/retrain/jobs/2").json()["result"], "the end of the next")
    bench.memory.close()


def runners(folder: Path) -> list[int]:
    """Processes of `python -m trainer` for this folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if b"trainer" in words and any(word.startswith(os.fsencode(folder)) for word in words):
                found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize("number", [500, pytest.param(10_000, marks=pytest.mark.soak)])
def test_one_picture_sent_many_times_is_stored_once(
    tmp_path: Path, digits: Digits, number: int, record_property: Tries
) -> None:
    record_property("tries", number)
    with LiveServer(tmp_path, "--address-writes-a-minute", "1000000") as server:
        at_once = 50
        for _ in range(number // at_once):
            answer = server.upload([("a.png", digits.png(0))] * at_once, ["7"] * at_once)
            assert answer.status_code in (200, 201)
        assert server.get("/dataset").json()["count"] == pictures(server) == 1


def test_a_flood_stops_at_the_quota_and_at_the_limit_of_changes(tmp_path: Path, digits: Digits) -> None:
    flags = ("--upload-quota-images", "5", "--address-writes-a-minute", "20")
    with LiveServer(tmp_path, *flags) as server:
        statuses = Counter(
            server.upload([("a.png", digits.png(each))], [str(digits.classes[each])], source="correction").status_code
            for each in range(30)
        )
        assert statuses[201] == 5
        assert statuses.keys() == {201, 429, 507}
        assert server.get("/dataset").json()["count"] == pictures(server) == 5
        assert server.predict(digits.png(0)).status_code == 200


def test_an_upload_whose_answer_was_lost_may_be_sent_again(
    tmp_path: Path, digits: Digits, record_property: Tries
) -> None:
    """Whenever its client left: before it was stored, in the middle, or after."""
    rounds = 20
    record_property("tries", rounds)
    chance = random.Random(7)  # noqa: S311
    with LiveServer(tmp_path) as server:
        for number in range(rounds):
            request = upload(digits, *range(5 * number, 5 * number + 5))
            with connect(server) as connection:
                connection.sendall(request)
                time.sleep(chance.random() * 0.05)
            with connect(server) as connection:
                connection.sendall(request)
                assert read_answer(connection)[0] in (200, 201)
            assert server.get("/dataset").json()["count"] == pictures(server) == 5 * (number + 1)


@pytest.mark.parametrize("seconds", [3, pytest.param(10, marks=pytest.mark.soak)])
def test_a_server_that_stood_still_refuses_what_is_stale_and_goes_on(
    tmp_path: Path, digits: Digits, seconds: int
) -> None:
    """Requests that it has already, and some that come meanwhile."""
    with LiveServer(tmp_path, "--queue-timeout-seconds", "1") as server, contextlib.ExitStack() as stack:
        before = [server.predict(digits.png(position)).json()["prediction"] for position in range(20)]
        connections = [stack.enter_context(connect(server)) for _ in range(40)]
        for position, connection in enumerate(connections[:20]):
            connection.sendall(post(digits.png(position)))
        server.send(signal.SIGSTOP)
        for position, connection in enumerate(connections[20:]):
            connection.sendall(post(digits.png(position)))
        time.sleep(seconds)
        server.send(signal.SIGCONT)
        answers = [read_answer(connection) for connection in connections]
        assert {status for status, _, _ in answers} <= {200, 503, 504}
        for (status, _, body), expected in zip(answers, [*before, *before], strict=True):
            assert status != 200 or f'"prediction":{expected}'.encode() in body
        for position in range(20):
            assert server.predict(digits.png(position)).status_code == 200
        assert server.get("/readyz").status_code == 200


def test_what_came_while_a_server_stood_still_came_in_time(tmp_path: Path, digits: Digits) -> None:
    """It stands longer than a header or a body may take; what was sent meanwhile is read before that is judged."""
    flags = ("--header-seconds", "2", "--body-silence-seconds", "2", "--queue-timeout-seconds", "60")
    request = post(digits.png(0))
    before = [0, 10, len(request) - 10] * 10  # bytes: nothing yet, of the header, of the body
    with LiveServer(tmp_path, *flags) as server, contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(server)) for _ in before]
        for connection, sent in zip(connections, before, strict=True):
            connection.sendall(request[:sent])
        assert server.get("/livez").status_code == 200  # after which it waits, since all of that is read
        eventually(lambda: state_of(server.pid) == "S", "a server at rest")
        server.send(signal.SIGSTOP)
        for connection, sent in zip(connections, before, strict=True):
            connection.sendall(request[sent:])
        time.sleep(3)
        server.send(signal.SIGCONT)
        assert {read_answer(connection)[0] for connection in connections} == {200}


def state_of(process: int) -> str:
    """S: it sleeps until something comes."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]
