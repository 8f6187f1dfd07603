"""The parent of several workers: it keeps them alive, and never imports the application itself."""

import logging

from uvicorn.supervisors import Multiprocess

logger = logging.getLogger("relearn")


class Supervisor(Multiprocess):
    """uvicorn's, but for how it stops and for what it does when a worker died.

    It closes its own copy of the listening sockets before it stops the workers: the last of them can then empty the
    queue of connections and close the door behind it (shutdown.py).
    """

    def terminate_all(self) -> None:
        for listener in self.sockets:
            listener.close()
        super().terminate_all()

    def keep_subprocess_alive(self) -> None:
        """Replace workers that died; their gauges go, since nobody else would take them out of /metrics."""
        from prometheus_client.multiprocess import mark_process_dead  # __main__ says why not before

        before = list(self.processes)
        super().keep_subprocess_alive()
        for process in before:
            if process not in self.processes or process.exitcode is not None:
                logger.error("worker %s died (exit code %s)", process.pid, process.exitcode)
                mark_process_dead(process.pid)  # type: ignore[no-untyped-call]
