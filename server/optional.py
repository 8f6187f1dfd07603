"""What only a setting asks for: traces and gRPC, which need packages of their own, and who starts the trainer."""

from typing import TYPE_CHECKING

from server.routes.service import Service
from server.settings import Settings
from server.store.memory import Memory
from server.training.launcher import Launcher, NoLauncher, ProcessLauncher
from server.web.access import RequestIds
from server.web.guard import Guard

if TYPE_CHECKING:
    from server.grpc.calls import Lend
    from server.grpc.server import GrpcServer
    from server.observe.tracing import Tracing


def grpc(service: Service, lend: "Lend", guard: Guard, ids: RequestIds) -> "GrpcServer | None":
    if service.settings.grpc_port is None:
        return None
    from server.grpc.server import GrpcServer  # it needs a package that only this setting asks for

    return GrpcServer(service, lend, guard, ids)


def tracing(settings: Settings) -> "Tracing | None":
    if not settings.otlp_endpoint:
        return None
    from server.observe.tracing import Tracing  # it needs packages that only this setting asks for

    return Tracing(settings.otlp_endpoint)


def launcher(settings: Settings, memory: Memory) -> Launcher:
    if settings.trainer == "docker":
        from server.training.docker import DockerLauncher  # it needs a package that only this setting asks for

        return DockerLauncher(settings, memory)
    return NoLauncher() if settings.trainer == "none" else ProcessLauncher(settings, memory)
