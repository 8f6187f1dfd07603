"""The path under which people reach the service: a proxy puts it before every call, and takes it off or leaves it on.

A proxy that leaves it on needs --root-path; one that takes it off says so in X-Forwarded-Prefix. The page finds its way
by relative addresses either way; only what the service itself answers as an address needs the prefix.
"""

import re

from starlette.types import Scope

from server.settings import Settings
from server.web.address import Addresses

_PREFIX = re.compile(rb"(?:/[A-Za-z0-9._~-]+)+/?")


class Prefix:
    """Takes the prefix off what comes in, and remembers it for what goes out."""

    def __init__(self, settings: Settings) -> None:
        self._own = settings.root_path
        self._addresses = Addresses(settings)

    def take_off(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        """Make a request's path what it is without the prefix; "" if it is the bare prefix."""
        prefix = self._own
        path = scope["path"]
        if prefix and (path == prefix or path.startswith(prefix + "/")):
            scope["path"] = path[len(prefix) :]
        told = headers.get(b"x-forwarded-prefix")
        if told is not None and self._addresses.is_of_proxy(scope) and _PREFIX.fullmatch(told):
            prefix = told.decode().rstrip("/")
        scope["prefix"] = prefix


def link(scope: Scope, path: str) -> str:
    """A path of ours as the client has to ask for it."""
    prefix: str = scope.get("prefix", "")
    return prefix + path
