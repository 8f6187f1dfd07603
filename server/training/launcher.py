"""Starting a runner for a job: as a process of the train environment, or not at all where one waits already.

A process has a session of its own, so that it outlives the server and Ctrl-C in its terminal. The third way, a
container, is docker.py's.
"""

import asyncio
import contextlib
import logging
import os
from dataclasses import fields
from pathlib import Path
from typing import Protocol

from server.settings import PREFIX, Settings
from server.store.content import job_path
from server.store.files import make_folder, open_plain
from server.store.memory import Memory
from server.store.origin import traced

COLLECTOR_KEYS = {"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"}
BUILDING = "building"  # a file that the Makefile keeps in an environment until all of it is there

logger = logging.getLogger("relearn")


class Launcher(Protocol):
    def is_ready(self) -> bool:
        """Whether it could start a runner now."""

    async def start(self, job: str, traceparent: str | None = None) -> None:
        """Start a runner for a job, of a trace if that is named; raises OSError if that can't be done."""

    async def attend(self) -> None:
        """Look after the runners that an earlier server started; called once, when this one starts."""


class ProcessLauncher:
    """Starts `python -m trainer job ID` with the train environment's interpreter."""

    def __init__(self, settings: Settings, memory: Memory) -> None:
        self._settings = settings
        self._content = memory.content
        self._running: set[asyncio.Task[int]] = set()

    def is_ready(self) -> bool:
        """False while the Makefile builds the interpreter's environment."""
        return not (self._settings.trainer_python.parents[1] / BUILDING).exists()

    async def start(self, job: str, traceparent: str | None = None) -> None:
        settings = self._settings
        folder = self._content.path("artifacts", job_path(job))
        make_folder(folder)
        log = open_plain(folder / "runner.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        _keep_descriptors()
        try:
            process = await asyncio.create_subprocess_exec(
                str(settings.trainer_python),
                *("-m", "trainer", "job", job),
                *("--artifacts", str(settings.artifacts), "--data", str(settings.data)),
                *(
                    "--dataset",
                    str(settings.dataset),
                    "--name",
                    settings.name,
                    "--baseline",
                    str(settings.baseline),
                ),
                *("--job-limit-seconds", str(settings.job_limit_seconds)),
                env=environment_of(settings) | traced(traceparent),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)
        logger.info("job %s: started a trainer, process %d", job, process.pid)
        reaper = asyncio.create_task(process.wait())  # so that no zombie is left while the server lives
        self._running.add(reaper)
        reaper.add_done_callback(self._running.discard)

    async def attend(self) -> None:
        """Nothing to do: a process ends by itself, and its job's row tells how."""


def environment_of(settings: Settings) -> dict[str, str]:
    """This process' environment without its keys: a trainer has no use for them."""
    secrets = {PREFIX + f.name.upper() for f in fields(Settings) if f.metadata["secret"]} | COLLECTOR_KEYS
    kept = {name: value for name, value in os.environ.items() if name not in secrets}
    return kept | ({"RELEARN_DATABASE": settings.database} if settings.database else {})


def _keep_descriptors() -> None:
    """Let no child have what this process has open.

    asyncio sees to that by itself, uvloop does not: a trainer would hold the listening socket, and a server that was
    killed could not have its port again before the training is over.
    """
    for name in [path.name for path in Path("/dev/fd").iterdir()]:
        with contextlib.suppress(OSError):  # the listing's own descriptor is closed by now
            if int(name) > 2:
                os.set_inheritable(int(name), False)


class NoLauncher:
    """Starts nothing: a runner waits for jobs in the database."""

    def is_ready(self) -> bool:
        return True

    async def start(self, job: str, _: str | None = None) -> None:
        logger.info("job %s: waiting for a runner to take it up", job)

    async def attend(self) -> None:
        """Nothing to do: whoever started the waiting runner looks after it."""
