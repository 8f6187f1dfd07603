"""What a worker process begins with. It is not in __main__.py, which a process started by multiprocessing never has."""

import logging

from starlette.types import ASGIApp

from server.machine.memory import share_one_pool
from server.machine.output import OutputHandler, standard_error
from server.machine.priority import favour_this_thread
from server.settings import Settings


def make_app(settings: Settings) -> ASGIApp:
    """The application, made inside the worker's own process."""
    share_one_pool()  # before the first thread, which an import may start
    from server.app import create_app

    favour_this_thread()
    log_to_stderr()
    return create_app(settings)


def log_to_stderr() -> None:
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        handlers=[OutputHandler(standard_error())],
        force=True,
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # else any broken form of anybody's is a line
