"""Who a call comes from, as far as its address tells: what limits are counted by.

Behind a proxy every connection has the proxy's address. One that is trusted is believed what it says in
X-Forwarded-For, of which each proxy adds its client at the end: what stands further left anybody may have written.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.types import Scope

from server.settings import Settings

NETWORK_BITS = 64  # of an IPv6 address: who has one of such a network has all of them


class Addresses:
    """Tells the address of a call."""

    def __init__(self, settings: Settings) -> None:
        self._trusted = settings.proxies

    def is_of_proxy(self, scope: Scope) -> bool:
        """Whether the connection is a trusted proxy's."""
        address = _peer(scope)
        return address is not None and self._is_trusted(address)

    def of(self, scope: Scope) -> str:
        address = _peer(scope)
        if address is None:
            return "local"  # a Unix socket
        if self._is_trusted(address):
            for hop in reversed(scope["headers_by_name"].get(b"x-forwarded-for", b"").decode("latin-1").split(",")):
                named = _address(hop.strip())
                if named is None:
                    break
                address = named
                if not self._is_trusted(address):
                    break
        if isinstance(address, IPv6Address):
            return str(ip_network((address, NETWORK_BITS), strict=False))
        return str(address)

    def _is_trusted(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._trusted)


def _peer(scope: Scope) -> IPv4Address | IPv6Address | None:
    client = scope.get("client")
    return _address(client[0]) if client else None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
