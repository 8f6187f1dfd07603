"""A port that is kept is there for whoever shares it, and for nobody else."""

import socket

import pytest

from server.process.ports import address_of, reserved


def test_who_shares_a_kept_port_gets_its_connections() -> None:
    with reserved("127.0.0.1", 0) as kept, socket.socket() as listener, socket.socket() as client:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(kept.getsockname())
        listener.listen()
        for _ in range(5):  # never to the one that keeps it
            with socket.create_connection(kept.getsockname(), timeout=10), listener.accept()[0]:
                pass
        with pytest.raises(OSError, match="in use"):
            client.bind(kept.getsockname())
        assert address_of(kept) == f"127.0.0.1:{kept.getsockname()[1]}"


def test_a_port_on_which_somebody_listens_is_not_shared_even_if_they_would() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(OSError, match="in use"):
            reserved("127.0.0.1", other.getsockname()[1])
