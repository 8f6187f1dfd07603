"""The page: the files that lie in the ui folder at start, each at its own path, and nothing else of the disk.

They are few and small, so each is read whole, kept compressed beside its plain bytes, and known by a hash: a browser
that has it already is told so and sent nothing. What is in them for who reads the files is not sent (terse.py). There
are no ranges, so none can be abused.
"""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.routes.representation import is_known, media_type, takes_gzip
from server.routes.terse import parts, terse
from server.web.errors import NoSuchPath

# The page may run and load nothing but its own files, and be shown in nobody's frame.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
}


def routes(ui: Path) -> list[Route]:
    files = sorted(path for path in ui.rglob("*") if path.is_file()) if ui.is_dir() else []
    pages = {ui / "index.html": "/", ui / "docs.html": "/docs"}
    return [
        *(_route(url, path) for path, url in pages.items() if path in files),
        *(_route("/" + path.relative_to(ui).as_posix(), path) for path in files),
    ]


@dataclass(frozen=True)
class _File:
    """A file as it was when it was read."""

    stamp: list[tuple[int, int]]  # time of change and size of each of its parts: another stamp, another file
    plain: bytes
    compressed: bytes
    etag: str


def _route(url: str, path: Path) -> Route:
    kind = media_type(path.name)
    files = parts(path)
    kept: _File | None = None

    def file(request: Request) -> Response:  # not async: Starlette calls it in a thread, since it reads the disk
        nonlocal kept
        try:
            stamp = [(stat.st_mtime_ns, stat.st_size) for stat in (each.stat() for each in files)]
            if kept is None or kept.stamp != stamp:
                kept = _read(files, stamp)
        except OSError:
            raise NoSuchPath(f"{url} was part of the page and is gone from the disk; restart the server") from None
        headers = HEADERS | {"ETag": kept.etag}
        if is_known(request, kept.etag):
            return Response(status_code=304, headers=headers)
        if takes_gzip(request) and len(kept.compressed) < len(kept.plain):
            return Response(kept.compressed, headers=headers | {"Content-Encoding": "gzip"}, media_type=kind)
        return Response(kept.plain, headers=headers, media_type=kind)

    return Route(url, file)


def _read(files: list[Path], stamp: list[tuple[int, int]]) -> _File:
    plain = b"".join(terse(each.name, each.read_bytes()) for each in files)
    return _File(stamp, plain, gzip.compress(plain, mtime=0), f'"{hashlib.sha256(plain).hexdigest()[:32]}"')
