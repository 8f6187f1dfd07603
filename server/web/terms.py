"""What all connections of a worker have in common.

The application hands it over as its lifespan's state, so that it reaches them whatever stands around the application.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from server.settings import Settings
from server.web.access import AccessLog, RequestIds
from server.web.lane import Lane

TERMS = "terms"  # its name in that state


@dataclass(frozen=True)
class Terms:
    """What a connection is held to, and what it needs for requests that reach no application."""

    settings: Settings
    log: AccessLog
    ids: RequestIds
    stopping: asyncio.Event  # since when every answer ends its connection
    lanes: Mapping[bytes, Lane] = field(default_factory=dict)  # by the path, as sent, without a query
