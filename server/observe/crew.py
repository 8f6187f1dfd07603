"""What a worker knows of the others: what their supervisor told it last. It is told anew whenever something changed."""

import json


class Crew:
    """The workers of this server. Without a supervisor nothing is ever told."""

    def __init__(self, place: int = 0) -> None:
        """`place` is which of them this one is."""
        self.place = place
        self.problems: list[str] = []  # a sentence each
        self.deaths: dict[str, int] = {}  # by cause, since the server's start

    def hear(self, line: bytes) -> None:
        """Take in what a supervisor says."""
        told = json.loads(line)
        self.problems, self.deaths = told["problems"], told["deaths"]

    @staticmethod
    def line(problems: list[str], deaths: dict[str, int]) -> bytes:
        """What a supervisor says."""
        return json.dumps({"problems": problems, "deaths": deaths}).encode() + b"\n"
