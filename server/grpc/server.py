"""The listener of gRPC in one worker: started before its first request, and stopped after its last.

On SIGTERM it goes on for as long as HTTP does (web/shutdown.py), and then ends: nothing new is taken, and what is under
way is finished. Several workers listen on one port (SO_REUSEPORT), and the kernel deals connections out to them.
"""

import asyncio
from collections.abc import Mapping

import grpc
import grpc.aio

from server.grpc import calls, health
from server.grpc.front import Front, Handle
from server.routes.service import Service
from server.settings import Settings
from server.web.access import RequestIds
from server.web.guard import Guard

HOLD_SECONDS = 0.05  # before and after clients are sent away


class GrpcServer:
    """The calls, on a port of their own."""

    def __init__(self, service: Service, lend: calls.Lend, guard: Guard, ids: RequestIds) -> None:
        """`service` is the default model's; `lend` has any, as calls.py says."""
        self._service = service
        self._lend = lend
        self._front = Front(service.settings, guard, service.log, ids, service.budget)
        self._closing = asyncio.Event()
        self._server: grpc.aio.Server | None = None
        self._ending: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen; raises RuntimeError where the port can't be had."""
        settings = self._service.settings
        self._server = grpc.aio.server(options=_options(settings), maximum_concurrent_rpcs=settings.queue_limit)
        looked = health.Health(self._service, self._closing)
        watch = {"Watch": grpc.unary_stream_rpc_method_handler(looked.watch)}
        handlers = {
            calls.NAME: self._handlers(calls.NAME, calls.calls(self._service, self._lend)),
            health.NAME: self._handlers(health.NAME, {"Check": looked.check}) | watch,
        }
        generic = [grpc.method_handlers_generic_handler(name, each) for name, each in handlers.items()]
        self._server.add_generic_rpc_handlers(generic)
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        self._server.add_insecure_port(f"{host}:{settings.grpc_port}")
        await self._server.start()
        self._ending = asyncio.create_task(self._end_with_http())

    async def stop(self) -> None:
        """Wait for the end, which SIGTERM has begun; Ctrl-C has not."""
        if self._ending is None:
            return
        if not self._service.shutdown.stopping.is_set():
            self._ending.cancel()
            self._ending = asyncio.create_task(self._end())
        await self._ending

    def _handlers(self, service: str, handles: Mapping[str, Handle]) -> dict[str, grpc.RpcMethodHandler]:
        return {name: self._front.handler(f"/{service}/{name}", handle) for name, handle in handles.items()}

    async def _end_with_http(self) -> None:
        await self._service.shutdown.stopping.wait()
        await asyncio.sleep(self._service.settings.drain_seconds)
        await self._end()

    async def _end(self) -> None:
        """Send the clients away, and finish what is under way.

        A call that has come, and that nobody has looked at, would be cancelled. So answers are held until all have
        been looked at; clients get them behind the word that they send no more here.
        """
        assert self._server is not None
        self._front.answering.clear()
        await asyncio.sleep(HOLD_SECONDS)
        stopped = asyncio.create_task(self._server.stop(self._service.settings.grace_seconds))
        await asyncio.sleep(HOLD_SECONDS)
        self._front.answering.set()
        self._closing.set()
        await stopped


def _options(settings: Settings) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", settings.body_limit_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_metadata_size", settings.header_limit_bytes),
        ("grpc.absolute_max_metadata_size", settings.header_limit_bytes),
        ("grpc.max_connection_idle_ms", round(settings.idle_seconds * 1000)),
        ("grpc.so_reuseport", 1),
    ]
