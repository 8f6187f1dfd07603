"""Predictions, as routes for the router's sake, which names the methods; front.py calls the endpoints itself."""

from collections.abc import Mapping

from starlette.routing import Route
from starlette.types import ASGIApp


def routes(endpoints: Mapping[str, ASGIApp]) -> list[Route]:
    return [Route(path, endpoint, methods=["POST"]) for path, endpoint in endpoints.items()]
