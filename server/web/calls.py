"""What there is to be called of one model: web/front.py sends a request to it, whichever model it is for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.routing import Router
from starlette.types import ASGIApp

from server.web.access import AccessLog


@dataclass(frozen=True, eq=False)
class Calls:
    """The calls of one model, which are those of no other."""

    router: Router
    hot: Mapping[str, ASGIApp]  # by path: what is posted there goes past the router
    open_paths: Sequence[str]  # in the router's form: what anybody may look at
    log: AccessLog
