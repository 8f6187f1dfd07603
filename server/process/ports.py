"""A port that is ours, for gRPC, before any worker listens on it, and after the last has ended."""

import socket


def reserved(host: str, port: int) -> socket.socket:
    """A socket that has the port, and on which nobody listens: only who says SO_REUSEPORT may do so beside it.

    0 takes a free one. Raises OSError where somebody else has it.
    """
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    with socket.socket(family, kind) as tried:  # without sharing: else another service of the same user could be beside
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind(address)
        address = tried.getsockname()
    kept = socket.socket(family, kind)
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        kept.bind(address)
    except OSError:
        kept.close()
        raise
    return kept


def address_of(listener: socket.socket) -> str:
    """As it stands in a URL."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
