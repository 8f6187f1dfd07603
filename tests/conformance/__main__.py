"""python -m tests.conformance http://127.0.0.1:8000 digits 127.0.0.1:8001: a table of each call, what the specification
says, and what that server answers, over gRPC too where its port is told; `--beside` another server, as a column of its
own. It exits with 1 if anything that the first one answers is not as specified.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from tests.conformance import over_grpc
from tests.conformance.calls import CALLS
from tests.conformance.server import Server

A = TypeVar("A")
S = TypeVar("S")


class Row(NamedTuple):
    """One call, and what came of it."""

    name: str
    says: str
    told: str
    is_right: bool

    @property
    def cell(self) -> str:
        return self.told.replace("|", "\\|") + ("" if self.is_right else ": **not so**")


def rows(url: str, model: str, address: str | None = None) -> list[Row]:
    """What a server answers to each call; the last over HTTP unloads the model, where that is done."""
    by_grpc = [] if address is None else _rows_of_grpc(address, model)
    found = []
    with Server(url, model) as server:
        for call in CALLS:
            answer = call.ask(server)
            found.append(Row(call.name, call.says, answer.told(), right(call.is_right, answer, server)))
    return found + by_grpc


def _rows_of_grpc(address: str, model: str) -> list[Row]:
    found = []
    with over_grpc.GrpcServer(address, model) as server:
        for call in over_grpc.CALLS:
            answer = call.ask(server)
            found.append(Row(call.name, call.says, answer.told(), right(call.is_right, answer, server)))
    return found


def right(judge: Callable[[A, S], bool], answer: A, server: S) -> bool:
    """Whether an answer is as specified; one that lacks what is looked at is not."""
    try:
        return judge(answer, server)
    except (AttributeError, IndexError, KeyError, TypeError):
        return False


def table(columns: Sequence[tuple[str, Sequence[Row]]]) -> str:
    """In Markdown, with a column a server."""
    heads = ["call", "the specification says", *(name for name, _ in columns)]
    by_call = zip(*(found for _, found in columns), strict=True)
    cells = ([each[0].name, each[0].says, *(row.cell for row in each)] for each in by_call)
    lines = [heads, ["---"] * len(heads), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance")
    parser.add_argument("url")
    parser.add_argument("model")
    parser.add_argument("address", nargs="?", metavar="HOST:PORT", help="of gRPC")
    parser.add_argument("--beside", nargs=4, action="append", default=[], metavar=("NAME", "URL", "MODEL", "HOST:PORT"))
    given = parser.parse_args()
    own = rows(given.url, given.model, given.address)
    others = [(name, rows(url, model, address)[: len(own)]) for name, url, model, address in given.beside]
    print(table([("answered", own), *others]), end="")
    sys.exit(0 if all(row.is_right for row in own) else 1)


if __name__ == "__main__":
    main()
