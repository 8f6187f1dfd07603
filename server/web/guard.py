"""Who may look and who may change something: the key and its scopes, and the Host and Origin that keep web pages out.

A page of another site can make a visitor's browser post to 127.0.0.1, or have a name of its own stand for that address
(DNS rebinding) and then read the answers as well. Without these checks it could retrain the model of whoever runs this
on a laptop, and look at the pictures there.
"""

import base64
import ipaddress
import re
from collections.abc import Collection

from starlette.routing import compile_path
from starlette.types import Scope as Call

from server.settings import Settings, is_loopback
from server.web.address import Addresses
from server.web.errors import Forbidden, InsufficientScope, Malformed, Unauthorized
from server.web.keys import API, Key, Keys, Scope
from server.web.rates import Rates

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
NEEDED = {
    **dict.fromkeys(("upload", "dataset", "classes", "samples", "feedback", "drift", "label-studio"), Scope.TEACH),
    "retrain": Scope.RETRAIN,
    **dict.fromkeys(("m", "models", "v2"), Scope.PROMOTE),
}
QUESTIONS = re.compile(  # posted, and change nothing
    r"/v2/(models/[^/]+(/versions/[^/]+)?/infer|repository/index)|/label-studio/(setup|predict)"
)
DECISIVE = {b"host", b"origin", b"sec-fetch-site", b"x-api-key", b"authorization"}  # of which there may be one each

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::[0-9]+)?")


class Guard:
    """Lets a call through, with the name that it is made under.

    `open_paths`, in the router's form, are looked at by anybody, whatever is set. Any other path is not, so that a new
    call is closed until somebody says otherwise.
    """

    def __init__(self, settings: Settings, keys: Keys, rates: Rates, open_paths: Collection[str]) -> None:
        self._keys = keys
        self._rates = rates
        self._addresses = Addresses(settings)
        self._open_paths = frozenset(open_paths)
        self._open_forms = [compile_path(path)[0] for path in open_paths if "{" in path]
        self._reads_are_open = settings.reads == "open"
        self._origins = {origin.lower() for origin in settings.origins}
        self._hosts = {host.lower() for host in (*settings.hosts, settings.host)}
        self._is_public = not is_loopback(settings.host)
        # A rebound name brings no key along: whoever has one may call this service by any name, unless some were told.
        self._any_host = keys.are_asked_for and not settings.hosts

    def admit(self, call: Call) -> str:
        """Whose key the call carries, or API where it needs none; a limited call then has headers in `rate_limit`.

        Raises Malformed, Forbidden for a foreign Host or Origin, Unauthorized for a missing or wrong key,
        InsufficientScope, or TooOften.
        """
        changes = call["method"] not in SAFE_METHODS and not QUESTIONS.fullmatch(call["path"])
        if not changes and (self._reads_are_open or self._is_open(call["path"])):
            return API
        headers: dict[bytes, bytes] = call["headers_by_name"]
        _check_doubles(call)
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if not self._any_host and not self._is_ours(host):
            raise Forbidden(f"the Host {host[:100]!r} is not one this service answers on; see RELEARN_ALLOWED_HOSTS")
        if changes:
            self._check_page(headers, host)
            call["rate_limit"] = self._rates.count_write(self._addresses.of(call))
        if not self._keys.are_asked_for:
            return API
        key = self._key_of(call, headers)
        needed = NEEDED.get(call["path"][1:].partition("/")[0]) if changes else Scope.READ
        if needed is not None and needed not in key.scopes:
            has = ", ".join(sorted(key.scopes))
            raise InsufficientScope(f"the key {key.name} may {has}; this call needs one that may {needed}")
        if changes:
            call["rate_limit"] = self._rates.count_write_of(key.name)
        return key.name

    def _is_open(self, path: str) -> bool:
        return path in self._open_paths or any(form.match(path) for form in self._open_forms)

    def _is_ours(self, host: str) -> bool:
        split = _HOST.fullmatch(host)
        name = split[1].strip("[]") if split is not None else ""
        if is_loopback(name) or name in self._hosts or host in self._hosts:
            return True
        return self._is_public and _is_address(name)  # an address can't be rebound, and which are ours nobody told

    def _check_page(self, headers: dict[bytes, bytes], host: str) -> None:
        origin = headers.get(b"origin")
        if origin is not None:
            named = origin.decode("latin-1").lower()
            if named not in self._origins and named.partition("://")[2] != host:
                raise Forbidden(f"a page of {named[:100]!r} may not change anything here; see RELEARN_ALLOWED_ORIGINS")
        elif headers.get(b"sec-fetch-site", b"same-origin") not in (b"same-origin", b"none"):
            raise Forbidden("a page of another site may not change anything here; see RELEARN_ALLOWED_ORIGINS")

    def _key_of(self, call: Call, headers: dict[bytes, bytes]) -> Key:
        given = headers.get(b"x-api-key")
        if given is None:
            given = _told(headers.get(b"authorization", b""))
        if given is None:
            raise Unauthorized("this call needs a key; send it as X-API-Key or as Authorization: Bearer")
        address = self._addresses.of(call)
        self._rates.check_attempts(address)
        key = self._keys.find(given)
        if key is None:
            self._rates.count_failure(address)
            raise Unauthorized("the key is wrong")
        return key


def _check_doubles(call: Call) -> None:
    """Of two headers that decide, this server and a proxy before it might each believe another one."""
    names = [name for name, _ in call["headers"] if name in DECISIVE]
    if len(names) != len(set(names)):
        raise Malformed("the request has more than one Host, Origin, Sec-Fetch-Site, X-API-Key or Authorization header")


def _told(authorization: bytes) -> bytes | None:
    """The key of a Bearer, or of a client that can only send a name and a password, as Label Studio does."""
    scheme, _, token = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        return token.strip() if scheme.lower() == b"bearer" else None
    try:
        return base64.b64decode(token.strip(), validate=True).partition(b":")[2]
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
