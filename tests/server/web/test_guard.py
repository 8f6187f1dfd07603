"""Who may change something."""

import pytest

from server.settings import load
from server.web.errors import Forbidden, Unauthorized
from server.web.guard import Guard

OURS = {b"host": b"127.0.0.1:8000"}


def guard(*flags: str) -> Guard:
    return Guard(load(list(flags), {}))


@pytest.mark.parametrize("host", [b"localhost:8000", b"127.0.0.1", b"[::1]:8000", b"LOCALHOST"])
def test_loopback_names_are_ours(host: bytes) -> None:
    guard().check({b"host": host})


@pytest.mark.parametrize("host", [b"", b"evil.example", b"127.0.0.1.evil.example", b"evil.example:8000", b"\xff", b"["])
def test_a_foreign_host_is_refused(host: bytes) -> None:
    with pytest.raises(Forbidden):
        guard().check({b"host": host})


def test_an_allowed_host_is_ours() -> None:
    guard("--allowed-hosts", "ours.example").check({b"host": b"ours.example:443"})


@pytest.mark.parametrize(
    "headers",
    [
        {b"origin": b"http://evil.example"},
        {b"origin": b"null"},
        {b"origin": b"http://127.0.0.1:9999"},
        {b"origin": b"http://127.0.0.1:8000.evil.example"},
        {b"sec-fetch-site": b"cross-site"},
        {b"sec-fetch-site": b"same-site"},
    ],
)
def test_a_page_of_another_site_is_refused(headers: dict[bytes, bytes]) -> None:
    with pytest.raises(Forbidden):
        guard().check(OURS | headers)
    with pytest.raises(Forbidden):
        guard("--api-key", "k").check(OURS | headers | {b"x-api-key": b"k"})


def test_our_own_page_and_an_allowed_one_may() -> None:
    guard().check(OURS | {b"origin": b"http://127.0.0.1:8000", b"sec-fetch-site": b"same-origin"})
    guard("--allowed-origins", "https://page.example").check(OURS | {b"origin": b"https://page.example"})


@pytest.mark.parametrize("given", [b"x-api-key", b"authorization"])
def test_the_key_is_taken_from_either_header(given: bytes) -> None:
    guard("--api-key", "secret").check(OURS | {given: b"Bearer secret" if given == b"authorization" else b"secret"})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"x-api-key": b""},
        {b"x-api-key": b"secre"},
        {b"x-api-key": b"secrets"},
        {b"x-api-key": b"\xff\xfe"},
        {b"x-api-key": b"x" * 10**6},
        {b"authorization": b"Basic secret"},
        {b"authorization": b"secret"},
    ],
)
def test_a_missing_or_wrong_key_is_refused(headers: dict[bytes, bytes]) -> None:
    with pytest.raises(Unauthorized) as caught:
        guard("--api-key", "secret").check(OURS | headers)
    assert "secret" not in str(caught.value)
