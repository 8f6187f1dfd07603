"""The six calls of inference.GRPCInferenceService, each as its like over HTTP (inference/calls.py)."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from urllib.parse import quote

from google.protobuf.json_format import ParseDict

from server.grpc.answering import answered
from server.grpc.asking import asked
from server.grpc.front import Call, Handle
from server.grpc.lifting import lifted
from server.grpc.messages import INFERENCE, parsed
from server.inference import metadata
from server.inference.inferring import INLINE_BYTES, Inferring
from server.inference.versions import manifest_of, unready, unready_version, versions_of
from server.routes.service import Service
from server.web.mounts import UNDER

NAME = "inference.GRPCInferenceService"

# A model by its name, loaded; raises NotFound, Busy, or what keeps it from being loaded.
Lend = Callable[[str], AbstractAsyncContextManager[Service]]


def calls(service: Service, lend: Lend) -> dict[str, Handle]:
    """What answers a message, by the call's name; `service` is the default model's."""

    @asynccontextmanager
    async def asked_of(name: str, call: Call) -> AsyncIterator[Service]:
        """The model that a message names, in whose log and figures the call is from then on."""
        async with lend(name) as one:
            if one is not service:
                call.record.path = f"{UNDER}{name}".encode() + call.record.path
                call.log = one.log
            yield one

    def path_of(version: str) -> str:
        # The name is looked at later: it decides nothing about who may ask.
        path = f"/v2/models/{service.settings.name}"
        return f"{path}/versions/{quote(version, safe='')}" if version else path

    async def server_live(message: bytes, call: Call) -> bytes:
        return _told("ServerLiveResponse", {"live": True})

    async def server_ready(message: bytes, call: Call) -> bytes:
        return _told("ServerReadyResponse", {"ready": unready(service) is None})

    async def server_metadata(message: bytes, call: Call) -> bytes:
        return _told("ServerMetadataResponse", metadata.of_server())

    async def model_ready(message: bytes, call: Call) -> bytes:
        request = parsed(INFERENCE["ModelReadyRequest"], message)
        call.admit("GET", f"{path_of(request.version)}/ready")
        async with asked_of(request.name, call) as one:
            problem = await unready_version(one, request.name, request.version or None)
        return _told("ModelReadyResponse", {"ready": problem is None})

    async def model_metadata(message: bytes, call: Call) -> bytes:
        request = parsed(INFERENCE["ModelMetadataRequest"], message)
        call.admit("GET", path_of(request.version))
        async with asked_of(request.name, call) as one:
            manifest = await manifest_of(one, request.name, request.version or None)
            return _told("ModelMetadataResponse", metadata.of_model(manifest, await versions_of(one)))

    async def model_infer(message: bytes, call: Call) -> bytes:
        short, raw = lifted(message)
        request = parsed(INFERENCE["ModelInferRequest"], short)
        call.admit("POST", f"{path_of(request.model_version)}/infer")
        read, write = partial(asked, request, raw), partial(answered, bool(raw))
        inline = len(message) <= INLINE_BYTES
        async with asked_of(request.model_name, call) as one:
            return await Inferring(one).answer(request.model_version or None, read, write, call.record, inline)

    return {
        "ServerLive": server_live,
        "ServerReady": server_ready,
        "ServerMetadata": server_metadata,
        "ModelReady": model_ready,
        "ModelMetadata": model_metadata,
        "ModelInfer": model_infer,
    }


def _told(name: str, content: object) -> bytes:
    """A message with what is told over HTTP."""
    data: bytes = ParseDict(content, INFERENCE[name]()).SerializeToString()
    return data
