"""Processes that stop where a test wants them, so that something can be done to them there.

The product has no hooks for that. `Stage` lays a sitecustomize.py on the path of a server and of the trainers that it
starts; what it loads (inside.py) changes functions of theirs by name, and reads files of the stage's folder for what it
is to do.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.live import PLAIN, ROOT, LiveServer

PATIENCE_SECONDS = 120.0  # a bound for a slow machine, not an expectation

T = TypeVar("T")


class Stage:
    """A folder through which a test and the processes under test speak."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "sitecustomize.py").write_text("from tests.faults import inside\n\ninside.install()\n")

    @property
    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": f"{self.folder}:{ROOT}", "FAULTS": str(self.folder)}

    def tell(self, name: str, content: str = "") -> None:
        """Put up a sign that the processes look for."""
        temp = self.folder / f".{name}"
        temp.write_text(content)
        temp.replace(self.folder / name)

    def take_back(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def stop_at(self, step: str) -> None:
        """Let the first process that comes to a step wait there; one that waits already goes on."""
        self.take_back("go")
        self.tell("stop-at", step)
        self.take_back("reached")

    def reached(self) -> int:
        """Wait until a process is at the step; its id."""
        path = self.folder / "reached"
        eventually(path.is_file, "a process at the step")
        return int(path.read_text())

    def go(self) -> None:
        """Let whoever waits, and whoever comes, go on."""
        self.take_back("stop-at")
        self.tell("go")


def sharing(folder: Path) -> dict[str, str]:
    """The environment of trainers that train, with their share of the cores.

    At the lowest priority, which trainer/test_job.py looks at, one beside other tests waits for these to end.
    """
    stage = Stage(folder)
    stage.tell("train")
    return stage.environment


def eventually(condition: Callable[[], T | None], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """Look until something holds, which is given back; fails if it never does.

    Oftener at first: who looks all the time takes the processor from what is waited for.
    """
    begun = time.monotonic()
    while not (found := condition()):
        waited = time.monotonic() - begun
        assert waited < seconds, f"never came: {what}"
        time.sleep(min(max(0.02, waited / 10), 0.2))
    return found


def workers_of(server: LiveServer, number: int = 2) -> dict[int, str]:
    """Each worker's process and the version that it serves: asked over new connections until all were met."""
    import httpx  # a client of its own for each question, so that any worker may take it

    met: dict[int, str] = {}

    def ask() -> bool:
        content = httpx.get(server.url + "/stats", **PLAIN, timeout=30).json()
        met[content["worker"]] = content["model_version"]
        return len(met) >= number

    eventually(ask, f"{number} workers, met {met}")
    return met


def job_of(server: LiveServer, job: str) -> dict[str, object]:
    content = server.get(f"/retrain/jobs/{job}").json()
    assert isinstance(content, dict), json.dumps(content)
    return content


def is_alive(pid: int) -> bool:
    """Whether a process is there and more than a body that waits to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
