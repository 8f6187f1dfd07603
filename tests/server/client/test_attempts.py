"""What is tried again and what never: against a real socket that answers, refuses and breaks off as it is told."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from server.client import attempts
from server.client.answers import Outcome
from server.client.async_client import AsyncClient
from server.client.client import Client
from server.client.errors import Overloaded, RelearnError, ServerFailed, Unreachable

ANSWER = {"label": "7", "confidence": 1.0, "probabilities": [1.0], "model_version": "3"}
CLOSED = {"message": "The alarm is closed"}
STORED = {"count": 1, "batch": "1", "duplicates": [], "suspects": [], "refused": []}
BUSY = (503, {"error": "later", "code": "busy"})
BROKEN_OFF: "Step" = (0, {})
Step = tuple[int, object]


class Server(ThreadingHTTPServer):
    """Answers with one step after another, the last for ever."""

    def __init__(self, steps: Sequence[Step]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.steps = list(steps)
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(self.path)
        self.server.headers.append(dict(self.headers))
        steps = self.server.steps
        status, content = steps.pop(0) if len(steps) > 1 else steps[0]
        self.close_connection = True
        if status == 0:
            return
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if isinstance(content, dict) and "retry_after" in content:
            self.send_header("Retry-After", content["retry_after"])
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def told(*steps: Step) -> Iterator[tuple[Server, Client]]:
    with Server(steps) as server, Client(server.url) as client:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server, client
        finally:
            server.shutdown()
            thread.join()


def predict(client: Client) -> str:
    return client.predict(b"a picture").label


def upload(client: Client) -> int:
    return client.upload([b"a picture"], ["7"]).count


def close(client: Client) -> None:
    client.close_alarm("3")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "PAUSE_SECONDS", 0.01)
    for variable in ("RELEARN_URL", "RELEARN_API_KEY"):
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize("step", [BROKEN_OFF, BUSY, (502, b"a proxy's"), (429, {"error": "less", "code": "too_often"})])
def test_a_call_that_changes_nothing_is_tried_again(step: Step) -> None:
    with told(step, step, (200, ANSWER)) as (server, client):
        assert predict(client) == "7"
        assert len(server.asked) == 3


def test_a_change_is_tried_again_where_the_server_says_that_it_did_nothing() -> None:
    with told(BUSY, (200, CLOSED)) as (server, client):
        close(client)
        assert len(server.asked) == 2


@pytest.mark.parametrize("step", [BROKEN_OFF, (502, b"a proxy's"), (409, {"error": "not over", "code": "under_way"})])
def test_an_upload_is_tried_again_under_the_key_of_the_first(step: Step) -> None:
    with told(step, (201, STORED)) as (server, client):
        assert upload(client) == upload(client) == 1
        assert len(server.asked) == 3
        first, again, another = [each["Idempotency-Key"] for each in server.headers]
        assert first == again != another


def test_a_promotion_is_tried_again_under_the_key_of_the_first() -> None:
    with told(BROKEN_OFF, (200, {"model_version": "7", "previous": "6"})) as (server, client):
        assert client.promote("7").previous == "6"
        assert len({each["Idempotency-Key"] for each in server.headers}) == 1


def test_a_retrain_is_tried_again_under_the_key_of_the_first() -> None:
    with told(BROKEN_OFF, (202, {"job": "5"})) as (server, client):
        assert client.start_retrain() == "5"
        assert len({each["Idempotency-Key"] for each in server.headers}) == 1


@pytest.mark.parametrize(
    ("step", "raised"),
    [
        (BROKEN_OFF, Unreachable),
        ((502, b"a proxy's"), ServerFailed),
        ((503, b"a proxy's"), Overloaded),
        ((503, {"error": "the disk", "code": "store_unavailable"}), Overloaded),
        ((500, {"error": "nobody knows", "code": "uncertain"}), ServerFailed),
    ],
)
def test_a_change_whose_end_nobody_knows_is_sent_once(step: Step, raised: type[RelearnError]) -> None:
    with told(step, (200, CLOSED)) as (server, client):
        with pytest.raises(raised) as caught:
            close(client)
        assert len(server.asked) == 1
        assert getattr(caught.value, "was_sent", True)


@pytest.mark.parametrize("call", [predict, upload])
def test_tries_end(call: Callable[[Client], object]) -> None:
    with told(BUSY) as (server, client):
        with pytest.raises(Overloaded, match="later"):
            call(client)
        assert len(server.asked) == 3


def test_a_server_that_asks_for_long_is_not_waited_for() -> None:
    with told((503, {"error": "later", "code": "busy", "retry_after": "30"}), (200, ANSWER)) as (server, client):
        with pytest.raises(Overloaded):
            predict(client)
        assert len(server.asked) == 1


def test_nobody_there_is_a_sentence_that_says_what_to_do() -> None:
    with Server([(200, ANSWER)]) as gone:
        pass
    with Client(gone.url) as client, pytest.raises(Unreachable) as caught:
        upload(client)
    assert not caught.value.was_sent
    assert "relearn serve" in str(caught.value)


def test_silence_is_waited_for_so_long_and_no_longer() -> None:
    with Server([(200, ANSWER)]) as silent:  # it listens, and nobody serves
        with Client(silent.url, timeout_seconds=0.5, retries=0) as client, pytest.raises(Unreachable) as caught:
            predict(client)
        assert caught.value.was_sent


@pytest.mark.parametrize("body", [b"<html>", {"label": "7"}, [1]])
def test_an_answer_that_is_not_relearn_s_is_said_to_be_none(body: object) -> None:
    with told((200, body)) as (_, client), pytest.raises(ServerFailed, match="not Relearn's"):
        predict(client)


def test_events_go_on_where_a_connection_broke_off() -> None:
    first = b'id: 1\nevent: progress\ndata: {"stage": "reading"}\n\nid: 2\nevent: progress\ndata: {"stage": "tr'
    second = b': nothing new\n\nid: 2\nevent: progress\ndata: {"stage": "training", "epoch": 1}\n\n'
    end = b'id: 2\nevent: result\ndata: {"state": "refused", "reason": "worse"}\n\n'
    with told((200, first), BROKEN_OFF, (200, second), (200, end)) as (server, client):
        *events, outcome = client.follow("7")
    assert [getattr(each, "stage", None) for each in events] == ["reading", "training"]
    assert outcome == Outcome("refused", "7", None, None, None, "worse")
    assert [each.get("Last-Event-ID") for each in server.headers] == ["0", "1", "1", "2"]


def test_the_asynchronous_client_tries_again_by_the_same_rules() -> None:
    first = b'id: 1\nevent: progress\ndata: {"stage": "reading"}\n\nid: 2\nevent: pro'
    end = b'id: 2\nevent: result\ndata: {"state": "refused", "reason": "worse"}\n\n'

    async def calls(url: str) -> list[object]:
        async with AsyncClient(url) as client:
            said: list[object] = [(await client.predict(b"a picture")).label]
            with pytest.raises(Unreachable):
                await client.close_alarm("3")
            return said + [event async for event in client.follow("7")]

    steps: list[Step] = [BUSY, (200, ANSWER), BROKEN_OFF, (200, first), BUSY, (200, end)]
    with told(*steps) as (server, _):
        said, reading, outcome = asyncio.run(calls(server.url))
        assert len(server.asked) == len(steps)
    assert said == "7"
    assert getattr(reading, "stage", None) == "reading"
    assert outcome == Outcome("refused", "7", None, None, None, "worse")


def test_events_that_never_come_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "LONGEST_PAUSE_SECONDS", 0.01)
    with told((200, b": nothing new\n\n")) as (server, client):
        with pytest.raises(Unreachable):
            list(client.follow("7"))
        assert len(server.asked) == attempts.FOLLOW_RETRIES + 1


def test_an_export_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    class Short(Handler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"half")
            self.close_connection = True

    with told((200, b"")) as (server, client):
        server.RequestHandlerClass = Short
        with pytest.raises(Unreachable):
            client.export_dataset(tmp_path / "all.zip")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://localhost", "http://", "http://a:b"])
def test_an_address_that_is_none_is_named(url: str) -> None:
    if not url:
        with Client(url) as client:
            assert client.url == "http://127.0.0.1:8000"
        return
    with pytest.raises(RelearnError, match="is no address"):
        Client(url)


def test_a_key_that_is_none_is_not_shown() -> None:
    with pytest.raises(RelearnError) as caught:
        Client(key="geheim\n")
    assert "geheim" not in str(caught.value)
