"""Whom a call is counted for: its own address, or what a trusted proxy says."""

import pytest

from server.configuration import load
from server.web.address import Addresses


def address(client: str | None, forwarded: bytes | None = None, trusted: str = "") -> str:
    headers = {} if forwarded is None else {b"x-forwarded-for": forwarded}
    call = {"client": None if client is None else (client, 4321), "headers_by_name": headers}
    return Addresses(load(["--trusted-proxies", trusted], {})).of(call)


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        (None, "local"),
        ("", "local"),
    ],
)
def test_an_address_is_its_own_and_ipv6_counts_by_network(client: str | None, expected: str) -> None:
    assert address(client) == expected


def test_what_anybody_says_of_himself_is_not_believed() -> None:
    assert address("192.0.2.1", b"198.51.100.7") == "192.0.2.1"
    assert address("192.0.2.1", b"198.51.100.7", "10.0.0.0/8") == "192.0.2.1"


def test_a_proxy_on_this_machine_is_trusted_unless_told_otherwise() -> None:
    call = {"client": ("127.0.0.1", 1), "headers_by_name": {b"x-forwarded-for": b"198.51.100.7"}}
    assert Addresses(load([], {})).of(call) == "198.51.100.7"
    assert address("127.0.0.1", b"198.51.100.7", "") == "127.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        (b"198.51.100.7", "198.51.100.7"),
        (b"6.6.6.6, 198.51.100.7", "198.51.100.7"),
        (b"6.6.6.6,198.51.100.7, 10.0.0.2", "198.51.100.7"),
        (b"6.6.6.6, nonsense, 10.0.0.2", "10.0.0.2"),
        (b"10.0.0.3", "10.0.0.3"),
        (b"", "10.0.0.1"),
        (b"\xff", "10.0.0.1"),
        (None, "10.0.0.1"),
        (b"2001:db8::1", "2001:db8::/64"),
    ],
)
def test_a_trusted_proxy_is_believed_and_no_further(forwarded: bytes | None, expected: str) -> None:
    assert address("10.0.0.1", forwarded, "10.0.0.0/8, ::1") == expected
