"""The parent of several workers: it keeps them alive, and never imports the application itself."""

from uvicorn.supervisors import Multiprocess


class Supervisor(Multiprocess):
    """uvicorn's, but that it closes its own copy of the listening sockets before it stops the workers.

    The last worker can then empty the queue of connections and close the door behind it (shutdown.py).
    """

    def terminate_all(self) -> None:
        for listener in self.sockets:
            listener.close()
        super().terminate_all()
