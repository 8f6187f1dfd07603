"""A connection in place of one with a socket: it keeps what it is answered."""


class Line:
    """What a lane answers to."""

    client = "127.0.0.1"

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes, bytes]] = []

    def respond(self, status: int, headers: bytes, body: bytes) -> None:
        self.answers.append((status, headers, body))
