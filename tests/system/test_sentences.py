"""An error says what was sent and what to send, in words: never with an object of Python's in it."""

import base64
import gzip
import json
import re

import httpx
import pytest

from server.web.body import int_of
from server.web.errors import Malformed
from tests.digits import Digits
from tests.live import LiveServer

_PYTHON = re.compile(r"\bb'|\bb\"|<_|object at 0x|\{'|\['|\bNone\b|\bTrue\b")


def sentence(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    text = str(answer.json()["error"])
    assert not _PYTHON.search(text), text
    return text


@pytest.mark.parametrize("path", ["/predict", "/predict?include=input", "/predict/batch", "/upload", "/retrain"])
@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br"])
def test_a_compressed_body_is_refused_as_such(server: LiveServer, digits: Digits, path: str, coding: str) -> None:
    headers = {"Content-Type": "image/png", "Content-Encoding": coding}
    answer = server.post(path, content=gzip.compress(digits.png(0)), headers=headers)
    assert f"a {coding.lower()}-encoded body" in sentence(answer, 415)
    assert answer.headers["Accept-Encoding"] == "identity"


def test_an_encoding_that_is_none_is_taken(server: LiveServer, digits: Digits) -> None:
    headers = {"Content-Type": "image/png", "Content-Encoding": "identity"}
    assert server.post("/predict", content=digits.png(0), headers=headers).status_code == 200


def test_what_was_sent_in_place_of_a_picture_is_named(server: LiveServer, digits: Digits) -> None:
    coded = base64.b64encode(digits.png(0))
    url = b"data:image/png;base64," + coded
    for body, kind, named in (
        (url, "image/png", "a base64 data URL"),
        (url, "text/plain", "a base64 data URL"),
        (url, None, "a base64 data URL"),
        (coded, "application/octet-stream", "base64 text"),
        (json.dumps({"image": url.decode()}).encode(), "application/json", "JSON"),
        (b'{"instances": []}', "application/vnd.seldon+json", "JSON"),
        (b'{"instances": []}', None, "JSON"),
        (gzip.compress(digits.png(0)), "image/png", "a gzip file"),
        (b"<!DOCTYPE html><p>hello", "image/png", "an HTML page"),
        (b"a=1&b=2", "application/x-www-form-urlencoded", "a body of type application/x-www-form-urlencoded"),
        (b"", None, "no body"),
    ):
        answer = server.post("/predict", content=body, headers={"Content-Type": kind} if kind else {})
        text = sentence(answer, 415)
        assert named in text, text
        assert "send" in text
    answer = server.post("/predict", data={"file": url.decode()}, files={"x": b""})
    assert "a base64 data URL" in sentence(answer, 415)
    answer = server.upload([("a.png", url)], ["7"])
    assert "a base64 data URL" in sentence(answer, 415)
    for path in ("/upload", "/predict/batch"):
        assert "JSON" in sentence(server.post(path, json={"files": [url.decode()]}), 415)
        assert "no body" in sentence(server.post(path), 415)


def test_a_field_of_another_name_is_named(server: LiveServer, digits: Digits) -> None:
    part = ("a.png", digits.png(0), "image/png")
    text = sentence(server.post("/predict", files={"image": part}), 400)
    assert "'image'" in text
    assert "'file'" in text
    for path in ("/upload", "/predict/batch"):
        text = sentence(server.post(path, files={"image": part}, data={"labels": "7"}), 400)
        assert "'image'" in text
        assert "'files'" in text
        text = sentence(server.post(path, data={"files": "seven.png", "labels": "7"}, files={"x": b""}), 400)
        assert "called 'files' is no file" in text


@pytest.mark.parametrize("data", [b"\xff\xd8\xff", b"BM" + b"x" * 50, b"GIF89a\0\0", b"RIFF\0\0\0\0WEBPxxxx"])
def test_a_damaged_picture_is_called_that(server: LiveServer, data: bytes) -> None:
    assert "damaged or cut" in sentence(server.predict(data), 422)


@pytest.mark.parametrize("value", [{"a": 1}, ["a"], None, True, "many"])
def test_a_value_of_an_option_is_shown_as_it_was_sent(server: LiveServer, value: object) -> None:
    assert json.dumps(value) in sentence(server.post("/retrain", json={"epochs": value}), 422)


def test_a_length_that_is_none_is_shown_as_it_was_sent() -> None:
    with pytest.raises(Malformed, match=r"Content-Length is 'five', not"):
        int_of(b"five")


def test_who_asks_for_problem_details_gets_them(server: LiveServer, digits: Digits) -> None:
    headers = {"Accept": "application/problem+json, application/json", "Content-Type": "image/png"}
    for answer, status, title in (
        (server.get("/nothing", headers=headers), 404, "Not Found"),
        (server.get("/predict", headers=headers), 405, "Method Not Allowed"),
        (server.post("/predict", content=b"{}", headers=headers), 415, "Unsupported Media Type"),
        (server.post("/predict/batch", content=digits.png(0), headers=headers), 415, "Unsupported Media Type"),
    ):
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = answer.json()
        assert problem["detail"] == problem["error"] == sentence(answer, status)
        assert (problem["type"], problem["title"], problem["status"]) == ("about:blank", title, status)
        assert problem["code"]
    assert server.post("/predict", content=digits.png(0), headers=headers).json()["prediction"] == 7
