"""Keys on a real server: what each may do, in whose name it is done, and that no key is seen anywhere."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import select

from server.store.tables import decision
from server.web.headers import SECURITY
from server.web.keys import Scope
from tests.digits import Digits
from tests.faults.stage import eventually, workers_of
from tests.live import PLAIN, ROOT, LiveServer
from tests.tiny import memory_in, publish_tiny

KEY = "correct-horse"
PYTHON = str(ROOT / ".venv-serve/bin/python")
READS = (
    *("/dataset", "/dataset/batches", "/dataset/export", "/dataset/images", f"/dataset/images/{'0' * 64}"),
    *("/retrain/jobs", "/retrain/jobs/1", "/retrain/jobs/1/log", "/retrain/jobs/1/events"),
    *("/retrain/policy", "/retrain/policy/decisions"),
    *("/models", "/models/0", "/models/0/report/report.json"),
    *("/samples", "/samples/1/picture", "/samples/accuracy"),
    *("/m", "/m/pets", "/m/pets/dataset", "/m/pets/models"),
)
WRITES = {
    ("POST", "/upload"): "teach",
    ("POST", "/feedback"): "teach",
    ("DELETE", "/samples"): "teach",
    ("DELETE", "/samples/1"): "teach",
    ("POST", "/retrain"): "retrain",
    ("DELETE", "/retrain/jobs/1"): "retrain",
    ("PUT", "/retrain/policy"): "retrain",
    ("POST", "/retrain/policy/resume"): "retrain",
    ("POST", "/retrain/policy/proposals/1/accept"): "retrain",
    ("POST", "/retrain/policy/proposals/1/dismiss"): "retrain",
    ("POST", "/models/0/promote"): "promote",
    ("POST", "/dataset/batches"): "teach",
    ("DELETE", "/dataset/batches/1"): "teach",
    ("POST", f"/dataset/images/{'0' * 64}/accept"): "teach",
    ("POST", "/m"): "promote",
    ("DELETE", "/m/none"): "promote",
    ("POST", "/m/pets/upload"): "teach",
    ("POST", "/m/pets/retrain"): "retrain",
    ("POST", "/m/pets/models/1/promote"): "promote",
}


def new_key(name: str, scopes: str) -> tuple[str, str]:
    """A key and its line, made as a person makes them."""
    command = [PYTHON, "-m", "server", "key", name, "--scopes", scopes]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    key, line = done.stdout.splitlines()
    assert key not in done.stderr
    return key, line


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, dict[str, str]]]:
    """A server with a key of each scope in a file, and one with all of them in its environment."""
    folder = tmp_path_factory.mktemp("keyed")
    made = {scope.value: new_key(scope.value, scope.value) for scope in Scope}
    (folder / "keys").write_text("\n".join(line for _, line in made.values()))
    keys = {name: key for name, (key, _) in made.items()} | {"api": KEY}
    flags = ("--keys-file", str(folder / "keys"), "--failed-keys-a-minute", "1000", "--trainer", "none")
    with LiveServer(folder, *flags, environment={"RELEARN_API_KEY": KEY}) as server:
        pets = {"name": "pets", "classes": ["cat", "dog"]}
        assert server.post("/m", json=pets, headers={"X-API-Key": KEY}).status_code == 201
        yield server, keys


def asked(server: LiveServer, method: str, path: str, key: str | None = None, **headers: str) -> httpx.Response:
    given = {"X-API-Key": key} if key is not None else {}
    return server.client.request(method, server.url + path, headers=given | headers)


def test_without_a_key_predictions_probes_and_the_page_are_there_and_nothing_else(
    keyed: tuple[LiveServer, dict[str, str]], digits: Digits
) -> None:
    server, _ = keyed
    assert server.predict(digits.png(0)).status_code == 200
    for path in ("/health", "/livez", "/readyz", "/metrics", "/stats", "/", "/app/main.js", "/style/theme.css"):
        assert server.get(path).status_code == 200, path
    for path in ("/m/pets/predict", "/m/pets/v2/models/pets/infer"):
        assert server.post(path, content=digits.png(0)).status_code in (400, 503), path
    assert server.get("/m/pets/").status_code == 200
    for path in (*READS, "/nothing", "/dataset/", "//dataset", "/models/../models", "/%64ataset"):
        for method in ("GET", "HEAD"):
            assert asked(server, method, path).status_code == 401, path
    for method, path in WRITES:
        answer = asked(server, method, path)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_scopes_do_not_cross(keyed: tuple[LiveServer, dict[str, str]]) -> None:
    server, keys = keyed
    for name in Scope:
        for path in READS:
            status = asked(server, "HEAD" if "events" in path else "GET", path, keys[name]).status_code
            assert (status == 403) == (name != "read"), (name, path)
        for (method, path), needed in WRITES.items():
            answer = asked(server, method, path, keys[name])
            if name == needed:
                assert answer.status_code not in (401, 403), (name, path)
            else:
                assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope"), (name, path)
                assert needed in answer.json()["error"]
    for path in READS:
        assert asked(server, "HEAD", path, keys["api"]).status_code != 401


@pytest.mark.parametrize(
    "given",
    [
        {"X-API-Key": KEY[:-1]},
        {"X-API-Key": KEY + "e"},
        {"X-API-Key": KEY.upper()},
        {"X-API-Key": "schlüssel".encode()},
        {"X-API-Key": b"\xff\x80"},
        {"X-API-Key": "k" * 30_000},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": "Bearer wrong"},
        {"Cookie": f"X-API-Key={KEY}"},
        {"X-API-Key": "wrong", "Authorization": f"Bearer {KEY}"},
    ],
    ids=lambda given: ", ".join(f"{name}: {value[:12]!r}" for name, value in given.items()),
)
def test_a_wrong_key_is_refused(keyed: tuple[LiveServer, dict[str, str]], given: dict[str, str | bytes]) -> None:
    server, _ = keyed
    for method, path in (("GET", "/dataset"), ("POST", "/models/0/promote")):
        answer = server.client.request(method, server.url + path, headers=given)  # type: ignore[arg-type]
        assert answer.status_code == 401, answer.text
        assert KEY not in answer.text


def test_a_key_in_the_url_counts_for_nothing(keyed: tuple[LiveServer, dict[str, str]]) -> None:
    server, _ = keyed
    for query in (f"api_key={KEY}", f"X-API-Key={KEY}", f"key={KEY}", f"access_token={KEY}"):
        assert server.get(f"/dataset?{query}").status_code == 401


def exchange(server: LiveServer, request: bytes) -> bytes:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as wire:
        wire.sendall(request)
        return b"".join(iter(lambda: wire.recv(65536), b""))


@pytest.mark.parametrize(
    "lines",
    [
        [f"X-API-Key: {KEY}", "X-API-Key: wrong"],
        ["X-API-Key: wrong", f"x-api-key: {KEY}"],
        [f"Authorization: Bearer {KEY}", "Authorization: Bearer wrong"],
        [f"X-API-Key: {KEY}", "Host: evil.example"],
    ],
)
def test_doubled_headers_are_refused(keyed: tuple[LiveServer, dict[str, str]], lines: list[str]) -> None:
    head = "\r\n".join(["DELETE /dataset/batches/1 HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *lines, "", ""])
    assert exchange(keyed[0], head.encode()).startswith(b"HTTP/1.1 400 ")


def test_a_key_of_a_megabyte_is_refused_and_the_server_goes_on(keyed: tuple[LiveServer, dict[str, str]]) -> None:
    server, _ = keyed
    head = f"GET /dataset HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nX-API-Key: {'k' * 10**6}\r\n\r\n"
    with contextlib.suppress(ConnectionError):  # it may be cut off before it has sent all of it
        assert exchange(server, head.encode()).split(b" ")[1] in (b"400", b"401", b"431")
    assert server.get("/livez").status_code == 200


def test_what_is_done_is_done_in_the_name_of_the_key(tmp_path: Path, digits: Digits) -> None:
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    version = publish_tiny(memory)
    made = [new_key(name, "read,teach,retrain,promote") for name in ("ana", "bob")]
    keys = ";".join(line for _, line in made)
    with LiveServer(tmp_path, "--trainer", "none", environment={"RELEARN_KEYS": keys}) as server:
        ana, bob = ({"X-API-Key": key} for key, _ in made)
        server.client.headers.update(ana)
        stored = server.upload([("a.png", digits.png(0)), ("b.png", digits.png(1))], ["3", "3"]).json()
        first, second = (each["sha256"] for each in stored["suspects"])
        server.client.headers.update(bob)
        assert server.post(f"/dataset/images/{first}/accept").status_code == 200
        assert server.post(f"/dataset/images/{second}/reject").status_code == 200
        assert server.client.delete(f"{server.url}/dataset/images/{first}").status_code == 200
        assert server.upload([("c.png", digits.png(2))], ["1"]).status_code == 201
        server.client.headers.update(ana)
        assert server.client.delete(f"{server.url}/dataset/batches/2").status_code == 200
        assert server.post("/retrain", json={"force": True}).status_code == 202
        assert server.get("/retrain/jobs/1").json()["by"] == "ana"
        server.client.headers.update(bob)
        assert server.post("/models/0/promote").status_code == 200
        moves = server.get("/models").json()["promotions"]
        assert [(move["to"], move["by"]) for move in moves] == [(version, "a test"), ("0", "bob")]
        with memory.database.read() as connection:
            rows = connection.execute(select(decision.c.by, decision.c.action).order_by(decision.c.id)).all()
        expected = ["ana upload", "bob accept", "bob reject", "bob remove", "bob upload", "ana undo"]
        assert [f"{by} {action}" for by, action in rows] == expected
        assert any("version 0 is current" in line and "by=bob" in line for line in server.log)


def test_no_key_is_in_a_log_a_process_list_or_a_trainer(tmp_path: Path) -> None:
    key, line = new_key("ana", "read,retrain")
    (tmp_path / "trainer").write_text('#!/bin/sh\necho "$@"\nenv\n')
    (tmp_path / "trainer").chmod(0o755)
    environment = {"RELEARN_API_KEY": KEY, "RELEARN_KEYS": line, "RELEARN_GATE_SIGNIFICANCE": "0.02"}
    flags = ("--workers", "2", "--trainer-python", str(tmp_path / "trainer"))
    with LiveServer(tmp_path, *flags, environment=environment) as server:
        for given in (key, KEY, KEY[:-1]):
            for path in ("/dataset", f"/dataset?key={given}", "/models/none"):
                asked(server, "GET", path, given)
            asked(server, "POST", f"/retrain?wait={given}", given)
        forced = server.post("/retrain", json={"force": True}, headers={"X-API-Key": key})
        assert forced.status_code == 202
        log = tmp_path / "artifacts/jobs/1/runner.log"
        eventually(lambda: log.is_file() and "RELEARN_GATE_SIGNIFICANCE=0.02" in log.read_text(), "the trainer's words")
        listed = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if is_below(path, server.pid)]
        assert len(listed) >= 3, "the parent and its workers"
        server.stop()
        seen = "".join([*server.log, *server.access, log.read_text(), *map(repr, listed)])
    for secret in (key, KEY[:-1], line.split(":")[1]):
        assert secret not in seen


def is_below(cmdline: Path, pid: int) -> bool:
    """Whether a process is of the group that a server began."""
    try:
        return os.getpgid(int(cmdline.parent.name)) == pid
    except ProcessLookupError:
        return False


def test_a_key_that_is_taken_out_of_the_file_is_refused_from_the_next_call_on(tmp_path: Path) -> None:
    (ana, ana_line), (bob, bob_line) = new_key("ana", "read"), new_key("bob", "read")
    file = tmp_path / "keys"
    file.write_text(f"{ana_line}\n{bob_line}\n")
    with LiveServer(tmp_path, "--keys-file", str(file), "--workers", "2") as server:
        file.write_text(f"{bob_line}\n")
        for _ in range(10):
            assert httpx.get(server.url + "/models", headers={"X-API-Key": ana}, **PLAIN).status_code == 401
            assert httpx.get(server.url + "/models", headers={"X-API-Key": bob}, **PLAIN).status_code == 200


def test_reads_can_be_left_open(tmp_path: Path) -> None:
    with LiveServer(tmp_path, "--reads", "open", environment={"RELEARN_API_KEY": KEY}) as server:
        assert server.get("/dataset").status_code == 200
        assert server.post("/models/0/promote").status_code == 401


def test_too_many_changes_and_too_many_wrong_keys_wait(tmp_path: Path) -> None:
    # One more than the limit may pass where a minute begins meanwhile.
    limits = ("--address-writes-a-minute", "3", "--failed-keys-a-minute", "2")
    with LiveServer(tmp_path, *limits, environment={"RELEARN_API_KEY": KEY}) as server:
        changes = [asked(server, "POST", "/models/0/promote", KEY) for _ in range(5)]
        assert [answer.status_code for answer in changes[:3]] == [200] * 3
        assert (changes[4].status_code, changes[4].json()["code"]) == (429, "too_often")
        assert 1 <= int(changes[4].headers["Retry-After"]) <= 60
        assert changes[4].headers["RateLimit-Policy"] == '"address";q=3;w=60'
        assert changes[4].headers["RateLimit"].startswith('"address";r=0;t=')
        # With a key, that of the key is told, which is counted last.
        assert changes[0].headers["RateLimit-Policy"].startswith('"key";q=6000')
        assert [f";r={6000 - number};" in changes[number - 1].headers["RateLimit"] for number in (1, 2)] == [True] * 2
        assert asked(server, "GET", "/models", KEY).status_code == 200
        guesses = [asked(server, "GET", "/models", "wrong").status_code for _ in range(4)]
        assert guesses[:2] == [401, 401]
        assert guesses[3] == 429
        assert asked(server, "GET", "/models", KEY).status_code == 429
        assert server.get("/health").status_code == 200


def test_workers_have_one_limit(tmp_path: Path) -> None:
    """However a client's calls fall to them, and whoever of them is replaced meanwhile."""
    limits = ("--workers", "2", "--address-writes-a-minute", "6", "--failed-keys-a-minute", "4")
    with LiveServer(tmp_path, *limits, environment={"RELEARN_API_KEY": KEY}) as server:

        def of_each_worker(times: int, method: str, path: str, key: str) -> list[int]:
            """Statuses of so many calls to each: over a connection that each of them has."""
            with contextlib.ExitStack() as stack:
                clients: dict[int, httpx.Client] = {}
                while len(clients) < 2:
                    client = stack.enter_context(httpx.Client(base_url=server.url, **PLAIN, timeout=60))
                    clients[client.get("/stats").json()["worker"]] = client
                while time.time() % 60 > 40:  # at the end of a minute the window slides
                    time.sleep(1)
                turns = [client for client in clients.values() for _ in range(times)]
                return [each.request(method, path, headers={"X-API-Key": key}).status_code for each in turns]

        assert of_each_worker(4, "POST", "/models/0/promote", KEY) == [200] * 6 + [429] * 2
        victim = server.get("/stats").json()["worker"]
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: victim not in workers_of(server), "the next worker")
        again = of_each_worker(7, "POST", "/models/0/promote", KEY)
        assert again.count(200) < 6, "a new worker that counts anew; a few may pass as the window slides"
        assert of_each_worker(3, "GET", "/models", "wrong") == [401] * 4 + [429] * 2


def test_behind_a_trusted_proxy_each_client_has_its_own_limit(tmp_path: Path) -> None:
    with LiveServer(tmp_path, "--address-writes-a-minute", "1") as server:

        def change(client: str) -> int:
            return asked(server, "POST", "/models/0/promote", **{"X-Forwarded-For": client}).status_code

        assert [change("192.0.2.1") for _ in range(3)][::2] == [200, 429]
        assert change("192.0.2.2") == 200
        assert [change("192.0.2.9, 192.0.2.1") for _ in range(2)][1] == 429


def test_a_rebound_name_changes_nothing_and_sees_nothing_on_a_public_address(tmp_path: Path) -> None:
    flags = ("--host", "0.0.0.0", "--allow-anonymous-writes", "--allowed-hosts", "told.example")  # noqa: S104
    with LiveServer(tmp_path, *flags) as server:
        port = urlsplit(server.url).port
        for method, path in (*WRITES, ("GET", "/dataset"), ("GET", "/models")):
            answer = asked(
                server, method, path, Host=f"rebound.example:{port}", Origin=f"http://rebound.example:{port}"
            )
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path
        for host in ("192.0.2.7", f"127.0.0.1:{port}", "told.example", "localhost"):
            assert asked(server, "POST", "/models/0/promote", Host=host).status_code == 200, host


def test_every_answer_carries_the_headers_that_keep_a_browser_in_bounds(tmp_path: Path, digits: Digits) -> None:
    flags = ("--allowed-origins", "https://page.example")
    for extra in ((), flags):
        with LiveServer(tmp_path / str(len(extra)), *extra, environment={"RELEARN_API_KEY": KEY}) as server:
            png = ("a.png", digits.png(0), "image/png")
            preflight = {"Origin": "https://page.example", "Access-Control-Request-Method": "POST"}
            answers = {
                "a prediction": server.predict(digits.png(0)),
                "the long way": server.post("/predict?include=input", files={"file": png}),
                "a refusal": server.post("/predict", content=b"x", headers={"Content-Type": "text/plain"}),
                "a batch": server.post("/predict/batch", files={"files": png}),
                "nothing": asked(server, "GET", "/nothing", KEY),
                "no key": server.get("/models"),
                "the page": server.get("/"),
                "health": server.get("/health"),
                "metrics": server.get("/metrics"),
                "a preflight": server.client.options(server.url + "/upload", headers=preflight),
                "a report": asked(server, "GET", "/models/0/report/report.html", KEY),
            }
            for what, answer in answers.items():
                for name, value in SECURITY:
                    found = answer.headers.get_list(name.decode())
                    assert len(found) == 1, (what, name)
                    if what not in ("the page", "a report"):
                        assert found == [value.decode()], what
            assert "frame-ancestors 'none'" in answers["the page"].headers["Content-Security-Policy"]
            assert answers["a report"].headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
            assert answers["a report"].headers["X-Frame-Options"] == "SAMEORIGIN"
            broken = exchange(server, b"nonsense\r\n\r\n").lower()
            assert all(b"%b: %b\r\n" % header in broken for header in [(n, v.lower()) for n, v in SECURITY])


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104
def test_a_public_address_without_a_key_is_refused_at_start(host: str) -> None:
    command = [PYTHON, "-m", "server", "--host", host, "--port", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    assert "RELEARN_API_KEY" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        ([], {"RELEARN_PROT": "1"}, "RELEARN_PROT is not a setting"),
        (["--api-key", "hidden-1"], {}, "--api-key is no flag"),
        (["--keys-file", "/nowhere"], {}, "/nowhere can't be read"),
        ([], {"RELEARN_KEYS": "ana read hidden-1"}, "line 1 of RELEARN_KEYS"),
        (["key", "ana", "--scopes", "everything"], {}, "read, teach, retrain, promote"),
    ],
)
def test_what_is_set_wrongly_is_refused_at_start(arguments: list[str], environment: dict[str, str], says: str) -> None:
    command = [PYTHON, "-m", "server", *([] if "key" in arguments else ["--port", "0"]), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False, env=environment)
    assert done.returncode == 1
    assert says in done.stderr
    assert "hidden" not in json.dumps([done.stdout, done.stderr])
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "line",
    ["server {}", "server check {}", "export {} list", "trainer {}", "trainer job 1 {}", "trainer.reexport 0 {}"],
)
def test_no_program_takes_a_database_s_password_as_a_flag(line: str) -> None:
    url = "postgresql+psycopg://relearn:hidden-1@127.0.0.1:1/relearn"
    python = str(ROOT / (".venv-train/bin/python" if line.startswith("trainer") else ".venv-serve/bin/python"))
    command = [python, "-m", *line.format(f"--database={url}").split()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False, env={})
    assert done.returncode in (1, 2)
    assert "set RELEARN_DATABASE" in done.stderr
    assert "hidden" not in done.stdout + done.stderr
