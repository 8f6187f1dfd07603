"""Who may change something: the key, and the Host and Origin that keep other web pages out.

A page of another site can make a visitor's browser post to 127.0.0.1; without these checks it could retrain the model
of whoever runs this on a laptop.
"""

import hmac
import re

from server.settings import Settings, is_loopback
from server.web.errors import Forbidden, Unauthorized

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::[0-9]+)?")


class Guard:
    """Checks the headers of a call that changes something."""

    def __init__(self, settings: Settings) -> None:
        self._key = settings.api_key.encode()
        self._origins = {origin.lower() for origin in settings.origins}
        self._hosts = {host.lower() for host in settings.hosts}
        # With a key no page elsewhere can do harm, since it does not know it; who has none on a public address said so.
        self._any_host = not self._hosts and (bool(self._key) or not is_loopback(settings.host))

    def check(self, headers: dict[bytes, bytes]) -> None:
        """Raises Forbidden for a foreign Host or Origin, Unauthorized for a missing or wrong key."""
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if not self._any_host and not self._is_ours(host):
            raise Forbidden(f"the Host {host[:100]!r} is not one this service answers on; see RELEARN_ALLOWED_HOSTS")
        origin = headers.get(b"origin")
        if origin is not None:
            self._check_origin(origin.decode("latin-1").lower(), host)
        elif headers.get(b"sec-fetch-site", b"same-origin") not in (b"same-origin", b"none"):
            raise Forbidden("a page of another site may not change anything here; see RELEARN_ALLOWED_ORIGINS")
        if self._key:
            self._check_key(headers)

    def _is_ours(self, host: str) -> bool:
        split = _HOST.fullmatch(host)
        name = split[1].strip("[]") if split is not None else ""
        return is_loopback(name) or name in self._hosts or host in self._hosts

    def _check_origin(self, origin: str, host: str) -> None:
        if origin not in self._origins and origin.partition("://")[2] != host:
            raise Forbidden(f"a page of {origin[:100]!r} may not change anything here; see RELEARN_ALLOWED_ORIGINS")

    def _check_key(self, headers: dict[bytes, bytes]) -> None:
        given = headers.get(b"x-api-key")
        if given is None:
            scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
            given = token.strip() if scheme.lower() == b"bearer" else None
        if given is None:
            raise Unauthorized("this call needs the API key; send it as X-API-Key or as Authorization: Bearer")
        if not hmac.compare_digest(given, self._key):
            raise Unauthorized("the API key is wrong")
