"""The load client notices what is wrong: else a benchmark could pass on answers that nobody should get."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.service import client
from benchmarks.service.client import Address, Request

ANSWERS = {
    b"right": b"HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n" + b'{"prediction":7}',
    b"wrong": b"HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n" + b'{"prediction":1}',
    b"error": b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\n\r\n{}",
    b"full!": b'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 16\r\n\r\n{"error":"full"}',
    b"gone!": b"",
}


@pytest.fixture
def server() -> Iterator[Address]:
    """A server that answers each five-letter request as it asks for; it serves a connection a thread."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):  # a client that has seen enough resets
            while word := connection.recv(5):
                answer = ANSWERS[word]
                if not answer:
                    return
                connection.sendall(answer[:20])  # in two pieces, as it may come
                connection.sendall(answer[20:])

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    yield listener.getsockname()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    acceptor.join()


def run(server: Address, word: bytes, **options: Any) -> client.Run:
    return client.load(server, [Request(word, b'{"prediction":7')], 2, 0.1, **options)


def test_right_answers_are_counted(server: Address) -> None:
    seen = run(server, b"right")
    assert seen.answered
    assert seen.wrong == seen.lost == 0


@pytest.mark.parametrize("word", [b"wrong", b"error"])
def test_a_wrong_answer_shows(server: Address, word: bytes) -> None:
    seen = run(server, word)
    assert seen.wrong == len(seen.samples) > 0


def test_a_refusal_is_not_wrong_but_no_answer_either(server: Address) -> None:
    seen = run(server, b"full!")
    assert seen.samples
    assert not seen.answered
    assert not seen.wrong


def test_a_closed_connection_is_a_lost_request(server: Address) -> None:
    assert run(server, b"gone!").lost == 2


def test_a_pace_is_kept(server: Address) -> None:
    seen = run(server, b"right", rate=50.0)
    assert 1 <= len(seen.samples) <= 6


def test_a_refused_client_rests(server: Address) -> None:
    assert len(run(server, b"full!", back_off_seconds=60.0).samples) == 2


def test_answers_are_kept_with_what_they_answer(server: Address) -> None:
    requests = [Request(word, b'{"prediction":7') for word in (b"right", b"wrong")]
    seen = client.load(server, requests, 1, 0.1, keeps_answers=True)
    assert len(seen.samples) > 1
    for sample in seen.samples:
        assert sample.answer == ANSWERS[requests[sample.request].data]
        assert sample.right == (sample.request == 0)
    assert {each.answer for each in run(server, b"right").samples} == {b""}
