"""The calls that the service has, read from its router."""

from starlette.routing import Route

from server.app import create_app
from server.settings import Settings
from tests.live import ROOT


def calls() -> set[tuple[str, str]]:
    """Method and path of each, but for the files of the page."""
    router = create_app(Settings(ui=ROOT / "none")).calls.router  # type: ignore[attr-defined]
    return {
        (method, route.path)
        for route in router.routes
        if isinstance(route, Route)
        for method in (route.methods or ())
        if method != "HEAD"
    }
