"""For how long at most one request holds the event loop, so that nobody else is answered meanwhile.

Of each family of hostile requests (shapes.py) some are drawn, and the worst of them is sent again. What it costs the
loop it costs each time, and what the machine's other users cost comes and goes: so the least of its times counts.
"""

import contextlib
import socket
from random import Random

from benchmarks.measure import Result, Row, Setting
from benchmarks.service import servers, shapes
from benchmarks.service.client import Address
from benchmarks.service.shapes import Shape

DRAWN = 4  # of each family in each round
AGAIN = 3  # times that the worst of them is sent
ANSWER_SECONDS = 60.0


def run(setting: Setting) -> Result:
    drawn, times = (DRAWN * setting.rounds, AGAIN) if setting.rounds > 1 else (1, 0)
    held: dict[str, float] = {}
    with servers.watched() as watched, servers.on_core(1):
        for family in shapes.FAMILIES:
            draw = Random(family.__name__)  # noqa: S311 - the same each time
            tried = [(_held(watched.address, shape), shape) for shape in (family(draw) for _ in range(drawn))]
            seconds, worst = max(tried, key=lambda each: each[0])
            again = [_held(watched.address, worst) for _ in range(times)]
            held[family.__name__] = min([seconds, *again]) * 1e3
    row = Row(
        f"the worst of {len(held)} families of hostile requests",
        "longest hold of the event loop",
        max(held.values()),
        "ms",
        at_most=5.0,
    )
    return Result("held", [row], {"held_ms": held})


def _held(address: Address, shape: Shape) -> float:
    """Seconds for which the loop stood still while this request was answered."""
    _answer(address, b"GET /held HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", b"")
    head = (
        b"POST %b HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
        % (
            shape.path.encode(),
            shape.content_type,
            len(shape.body),
        )
    )
    _answer(address, head, shape.body)
    told = _answer(address, b"GET /held HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", b"")
    return float(told.rpartition(b"\r\n")[2])


def _answer(address: Address, head: bytes, body: bytes) -> bytes:
    with socket.create_connection(address, timeout=ANSWER_SECONDS) as connection:
        with contextlib.suppress(OSError):  # a refusal may come, and end the connection, before all is sent
            connection.sendall(head)
            connection.sendall(body)
        received = b""
        with contextlib.suppress(OSError):
            while piece := connection.recv(65536):
                received += piece
        return received
