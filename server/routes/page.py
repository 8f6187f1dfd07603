"""The page: the files that lie in the ui folder at start, each at its own path, and nothing else of the disk."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

# The page may run and load nothing but its own files, and be shown in nobody's frame.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def routes(ui: Path) -> list[Route]:
    files = sorted(path for path in ui.rglob("*") if path.is_file()) if ui.is_dir() else []
    found = [_route("/" + path.relative_to(ui).as_posix(), path) for path in files]
    return ([_route("/", ui / "index.html")] if (ui / "index.html") in files else []) + found


def _route(url: str, path: Path) -> Route:
    async def file(request: Request) -> Response:
        return FileResponse(path, headers=HEADERS)

    return Route(url, file)
