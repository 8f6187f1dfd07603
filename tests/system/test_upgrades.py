"""Clients that offer another protocol with each request (curl --http2, Java's HttpClient) are answered as any other."""

import json
import time

import pytest

from tests.digits import Digits
from tests.live import LiveServer
from tests.system.test_express import ask, comparable, connect, post, read_answer

OFFERS = {
    "h2c": (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"),
    "websocket": (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"),
    "tls": (b"Connection: Upgrade", b"Upgrade: TLS/1.0"),
}


def get(path: bytes, *lines: bytes) -> bytes:
    return b"\r\n".join([b"GET %b HTTP/1.1" % path, b"Host: 127.0.0.1", *lines, b"", b""])


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
def test_every_call_answers_as_without_the_offer(server: LiveServer, digits: Digits, offer: tuple[bytes, ...]) -> None:
    form = (
        b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n%b\r\n'
        b'--b\r\nContent-Disposition: form-data; name="labels"\r\n\r\n%d\r\n--b--\r\n'
    ) % (digits.png(0), digits.classes[0])
    form_kind = b"multipart/form-data; boundary=b"
    ask(server, post(form, path=b"/upload", kind=form_kind))
    with connect(server) as connection:
        connection.sendall(post(form, *offer, path=b"/upload", kind=form_kind))
        status, _, body = read_answer(connection)
        assert (status, json.loads(body)["duplicates"]) == (201, ["a.png"])
        for path in (b"/livez", b"/models"):
            connection.sendall(get(path, *offer))
            assert comparable(read_answer(connection)) == comparable(ask(server, get(path)))
        for path in (b"/predict", b"/predict?"):
            connection.sendall(post(digits.png(1), *offer, path=path))
            answer = read_answer(connection)
            assert answer[0] == 200
            assert comparable(answer) == comparable(ask(server, post(digits.png(1), path=path)))
        options = b'{"epochs": 0}'
        connection.sendall(post(options, *offer, path=b"/retrain", kind=b"application/json"))
        answer = read_answer(connection)
        assert answer[0] == 422  # the options were read
        assert comparable(answer) == comparable(ask(server, post(options, path=b"/retrain", kind=b"application/json")))


def test_an_offer_in_pieces_is_the_same_request(server: LiveServer, digits: Digits) -> None:
    plain = comparable(ask(server, post(digits.png(0))))
    request = post(digits.png(0), *OFFERS["h2c"])
    head = request.index(b"\r\n\r\n") + 4
    for place in (7, head - 60, head - 1, head, head + 9):
        assert comparable(ask(server, request[:place], request[place:])) == plain


def test_a_request_in_the_body_is_never_carried_out(server: LiveServer, digits: Digits) -> None:
    smuggled = post(b"", path=b"/retrain", kind=b"application/json")
    with connect(server) as connection:
        request = post(smuggled, *OFFERS["h2c"])
        head = request.index(b"\r\n\r\n") + 4
        connection.sendall(request + request[:head])
        assert read_answer(connection)[0] == 415
        time.sleep(0.12)  # longer than a request is held back for its body
        connection.sendall(request[head:] + get(b"/livez"))
        assert read_answer(connection)[0] == 415
        assert read_answer(connection)[0] == 200
    assert server.get("/retrain/jobs").json() == {"jobs": [], "next": None, "waiting": None}


def test_pipelined_requests_after_an_offer_are_answered_in_order(server: LiveServer, digits: Digits) -> None:
    offers = (OFFERS["h2c"], (), OFFERS["websocket"], OFFERS["tls"], ())
    with connect(server) as connection:
        connection.sendall(b"".join(post(digits.png(number), *offer) for number, offer in enumerate(offers)))
        answers = [read_answer(connection) for _ in offers]
    assert [status for status, _, _ in answers] == [200] * 5
    found = [json.loads(body)["prediction"] for _, _, body in answers]
    assert found == [int(digits.classes[number]) for number in range(5)]


def test_a_tunnel_is_refused_and_its_connection_closed(server: LiveServer) -> None:
    with connect(server) as connection:
        connection.sendall(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n" + get(b"/livez"))
        status, headers, body = read_answer(connection)
        assert (status, headers["connection"], json.loads(body)["code"]) == (405, "close", "method_not_allowed")
        assert headers["allow"]
        assert connection.recv(1) == b""
