"""The pictures of tasks, wherever a task says that they are: in itself, among the uploads here, or in Label Studio."""

import asyncio
import base64
import binascii
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.requests import Request

from server.label_studio.host import Host
from server.pictures.errors import PictureError, UnusableImage
from server.routes.service import Service
from server.store import files
from server.store.content import PICTURE_LIMIT_BYTES, picture_path
from server.store.errors import StoreError
from server.store.files import Json
from server.web.budget import Share
from server.web.errors import Malformed, RequestError
from server.web.prefix import link

Fault = RequestError | StoreError | PictureError

_DATA = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)
_UPLOAD = re.compile(r"/dataset/images/([0-9a-f]{64})")


class Pictures:
    """Has them read for one request after another."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._host = Host(service.settings)

    async def read(self, request: Request, tasks: Sequence[Json], key: str) -> list[bytes | Fault]:
        """For each task the bytes of its picture, or why they are not to be had."""
        share: Share = request.scope["share"]
        near = [await self._near(request, task, key, share) for task in tasks]
        paths = [each for each in near if isinstance(each, str)]
        fetched = iter(await self._fetched(paths, share) if paths else ())
        return [next(fetched) if isinstance(each, str) else each for each in near]

    async def _near(self, request: Request, task: Json, key: str, share: Share) -> bytes | str | Fault:
        """A picture that is here, or the path under which Label Studio has it."""
        try:
            address = _address(task, key)
            if address[:5].lower() == "data:":
                share.take(len(address) * 3 // 4)
                with self._service.threads.place():
                    return await self._service.threads.run(_decoded, address)
            sha256 = _upload(request, address)
            if sha256 is None:
                return self._host.path_of(address)
            data = await asyncio.to_thread(self._of_upload, sha256)
            share.take(len(data))
        except (RequestError, StoreError, PictureError) as error:
            return error
        return data

    def _of_upload(self, sha256: str) -> bytes:
        content = self._service.memory.content
        self._service.memory.browser.picture(sha256)
        try:
            return files.read_regular(content.path("data", picture_path(sha256)), PICTURE_LIMIT_BYTES, False)
        except OSError as error:
            raise UnusableImage(f"the file of image {sha256} is lost ({error.strerror})") from None

    async def _fetched(self, paths: Sequence[str], share: Share) -> list[bytes | Fault]:
        async with self._host.visit() as visit:

            async def fetched(path: str) -> bytes | Fault:
                try:
                    return await visit.fetch(path, share)
                except RequestError as error:
                    return error

            return await asyncio.gather(*map(fetched, paths))


def _address(task: Json, key: str) -> str:
    """What a task says of its picture; raises Malformed."""
    data = task.get("data") if isinstance(task, dict) else None
    address = data.get(key) if isinstance(data, dict) else None
    if not isinstance(address, str) or not address:
        raise Malformed(f"a task has no data.{key[:40]}, which the labelling configuration names as its picture")
    return address


def _upload(request: Request, address: str) -> str | None:
    """The hash of an upload, if the address is under the name by which this service was asked."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if not parts.netloc or parts.netloc.lower() != request.headers.get("host", "").lower():
        return None
    found = _UPLOAD.fullmatch(parts.path.removeprefix(link(request.scope, "")))
    return found[1] if found is not None else None


def _decoded(address: str) -> bytes:
    begins = _DATA.match(address)
    if begins is None:
        raise UnusableImage("a data URI must be data:image/png;base64,… or of another format of pictures")
    try:
        return base64.b64decode(address[begins.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise UnusableImage("a data URI is no base64") from None
