"""A shorter way for requests to one path, which web/ is handed and knows only by these three shapes.

connection.py offers it a plain POST once its body is here, before anything is made of it; what the lane does not take
goes the usual way. predict/express.py is what those there are have in common.
"""

from typing import Protocol


class Lane(Protocol):
    """Takes requests whose header and body are here."""

    def take(self, connection: "Connection", headers: dict[bytes, bytes], body: bytes) -> "Ride | None":
        """Begin to answer a request; None if it has to go the usual way, and then nothing was done."""


class Ride(Protocol):
    """One request on its way."""

    def leave(self) -> None:
        """The client is gone, whether it had its answer or not."""


class Connection(Protocol):
    """What a lane needs of the connection that a request came over."""

    @property
    def client(self) -> str:
        """The client's address."""

    def respond(self, status: int, headers: bytes, body: bytes) -> None:
        """Answer it; `headers` are whole lines, each ended."""
