"""What a client asks for in Accept-Encoding and If-None-Match is what it is sent."""

import pytest
from starlette.requests import Request

from server.routes.representation import is_known, media_type, takes_gzip

TAG = '"abc"'


def request(name: str, *values: str) -> Request:
    headers = [(name.encode(), value.encode()) for value in values]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers})


@pytest.mark.parametrize(
    ("value", "takes"),
    [
        ("gzip", True),
        ("GZIP;Q=0.5", True),
        ("br, gzip ; q=0.001", True),
        ("x-gzip", True),
        ("*", True),
        ("deflate, *;q=0.1", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("br;q=1, gzip;q=0", False),
        ("*;q=0", False),
        ("gzip;q=no", False),
        ("identity", False),
        ("notgzip", False),
        ("", False),
    ],
)
def test_gzip_is_sent_to_whoever_takes_it(value: str, takes: bool) -> None:
    assert takes_gzip(request("accept-encoding", value)) is takes


def test_gzip_is_not_sent_to_whoever_does_not_say() -> None:
    assert not takes_gzip(request("accept"))


@pytest.mark.parametrize(
    ("value", "known"),
    [
        (TAG, True),
        ("*", True),
        (" * ", True),
        (f"W/{TAG}", True),
        (f'"x", {TAG}', True),
        (f'"x",W/{TAG},"y"', True),
        ('"x"', False),
        ("abc", False),
        ('"*"', False),
        ("", False),
    ],
)
def test_a_file_that_the_client_has_is_not_sent_again(value: str, known: bool) -> None:
    assert is_known(request("if-none-match", value), TAG) is known


def test_a_list_may_come_in_several_lines() -> None:
    assert is_known(request("if-none-match", '"x"', TAG), TAG)
    assert takes_gzip(request("accept-encoding", "br", "gzip"))


def test_a_script_is_a_script_on_every_machine() -> None:
    assert media_type("app/main.js") == "text/javascript"
    assert media_type("a.svg") == "image/svg+xml"
    assert media_type("a") == "application/octet-stream"
