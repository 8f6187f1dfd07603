"""What every call passes: each error has its code, and no message is waited for without end."""

import asyncio
from collections.abc import Awaitable, Callable

import grpc
import grpc.aio
import pytest

from server.configuration import load
from server.grpc import front
from server.grpc.front import CODES, Call, Front
from server.observe.tick import Tick
from server.web.access import AccessLog, Record, RequestIds
from server.web.budget import Budget
from server.web.errors import REFUSALS
from server.web.guard import Guard
from server.web.keys import Keys
from server.web.rates import Rates

LIMIT_BYTES = 1000  # of what all requests hold


def test_every_status_has_its_code() -> None:
    assert {refusal.status for refusal in REFUSALS.values()} <= CODES.keys()


async def asked(ask: Callable[[grpc.aio.Channel], Awaitable[bytes]]) -> tuple[bytes | grpc.StatusCode, Record, Budget]:
    """What a call gets that gives its message back, or fails with it; its record, and the budget after it."""
    settings = load([], {})
    records: list[Record] = []
    budget = Budget(LIMIT_BYTES)
    log = AccessLog(Tick([records.extend]).count, lambda _: None)
    made = Front(settings, Guard(settings, Keys(settings), Rates(settings), ["/"]), log, RequestIds("t"), budget)

    async def echo(message: bytes, call: Call) -> bytes:
        if message == b"fault":
            raise ZeroDivisionError("a fault of ours")
        return message

    server = grpc.aio.server()
    handlers = {"Echo": made.handler("/a.B/Echo", echo)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("a.B", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    told: bytes | grpc.StatusCode
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            told = await ask(channel)
        except grpc.aio.AioRpcError as error:
            told = error.code()
    await server.stop(60)
    log.flush()
    (record,) = records
    return told, record, budget


def of(message: bytes) -> Callable[[grpc.aio.Channel], Awaitable[bytes]]:
    return lambda channel: channel.unary_unary("/a.B/Echo")(message)


@pytest.mark.parametrize(
    ("message", "expected", "status"),
    [
        (b"a message", b"a message", 200),
        (b"fault", grpc.StatusCode.INTERNAL, 500),
        (bytes(LIMIT_BYTES + 1), grpc.StatusCode.RESOURCE_EXHAUSTED, 413),
    ],
)
def test_a_call_has_a_record_and_gives_its_memory_back(
    message: bytes, expected: bytes | grpc.StatusCode, status: int
) -> None:
    told, record, budget = asyncio.run(asked(of(message)))
    assert told == expected
    assert (record.status, record.route, record.client) == (status, "/a.B/Echo", "127.0.0.1")
    assert budget.used_bytes == 0


def test_a_message_that_never_comes_ends_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "RECEIVE_SECONDS", 0.01)

    async def slow(channel: grpc.aio.Channel) -> bytes:
        call = channel.stream_unary("/a.B/Echo")()
        answer: bytes = await call
        return answer

    told, record, _ = asyncio.run(asked(slow))
    assert (told, record.status) == (grpc.StatusCode.DEADLINE_EXCEEDED, 408)
