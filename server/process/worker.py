"""A worker: what a process that answers begins with, and the server in it, alone or one of several."""

import logging
import os
import signal
from functools import partial
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from server.machine import json_lines
from server.machine.memory import share_one_pool
from server.machine.output import OutputHandler, standard_error
from server.machine.priority import favour_this_thread
from server.observe.crew import Crew
from server.process.signals import FORCED
from server.settings import Settings


class Alone(uvicorn.Server):
    """The server of a single worker, and uvicorn's, but for a second Ctrl-C: it ends at once, without tracebacks."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGINT and self.should_exit:
            os._exit(FORCED)
        super().handle_exit(sig, frame)


def config_of(settings: Settings, crew: Crew) -> uvicorn.Config:
    """How uvicorn is to serve."""
    return uvicorn.Config(
        partial(make_app, settings, crew),
        factory=True,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="server.web.protocol:Protocol",
        ws="none",
        interface="asgi3",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=round(settings.grace_seconds),
    )


def make_app(settings: Settings, crew: Crew) -> ASGIApp:
    """The application, made inside the worker's own process."""
    share_one_pool()  # before the first thread, which an import may start
    from server.app import create_app

    favour_this_thread()
    log_to_stderr(settings)
    return create_app(settings, crew)


def log_to_stderr(settings: Settings) -> None:
    if settings.log_format == "json":
        handler = OutputHandler(standard_error(json_lines.told))
        handler.setFormatter(json_lines.JsonFormatter())
    else:
        handler = OutputHandler(standard_error())
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # else any broken form of anybody's is a line
