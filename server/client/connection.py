"""Where a client speaks to, in whose name and how long it waits: given, or the environment's."""

import ipaddress
import os
from typing import Any

import httpx

from .errors import RelearnError

DEFAULT_URL = "http://127.0.0.1:8000"
URL_VARIABLE = "RELEARN_URL"
KEY_VARIABLE = "RELEARN_API_KEY"
TIMEOUT_SECONDS = 60.0  # that the server may be silent; of a job it says something every ten
CONNECT_SECONDS = 5.0


def connection(url: str | None, key: str | None, timeout_seconds: float) -> dict[str, Any]:
    """httpx' arguments for a client; raises RelearnError for an address or a key that can be none."""
    address = (url or os.environ.get(URL_VARIABLE) or DEFAULT_URL).rstrip("/")
    key = key or os.environ.get(KEY_VARIABLE)
    try:
        parsed = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise RelearnError(f"{address[:80]!r} is no address: {error}") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise RelearnError(f"{address[:80]!r} is no address; one is {DEFAULT_URL}")
    if key and not (key.isascii() and key.isprintable()):
        raise RelearnError("the key has characters that no key has")
    return {
        "base_url": address,
        "headers": {"X-API-Key": key} if key else {},
        "timeout": httpx.Timeout(timeout_seconds, connect=min(CONNECT_SECONDS, timeout_seconds)),
        "trust_env": not _is_loopback(parsed.host),  # no proxy of a company's leads to this machine
    }


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
