"""Two workers that retrain on a stage, and a look at their memory from outside."""

import os
import signal
from pathlib import Path

from sqlalchemy import select

from server.store.memory import Memory
from server.store.tables import job, pending
from tests.faults.stage import Stage, eventually, is_alive, job_of, workers_of
from tests.live import ROOT, LiveServer
from tests.tiny import memory_in


class Bench:
    """A server whose retrains publish a model that nobody trained, and stop where the test wants them."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage(folder / "stage")
        self.stage.tell("database-wait-seconds", "2")  # a child that stands within its transaction keeps others waiting
        self.server = LiveServer(folder, "--workers", "2", environment=self.stage.environment)
        self.memory: Memory = memory_in(folder, baseline=ROOT / "artifacts/baseline")

    def retrain(self, step: str | None = None) -> str:
        """Start a retrain, which stops at a step; its job."""
        if step is None:
            self.stage.go()
        else:
            self.stage.stop_at(step)
        answer = self.server.post("/retrain", json={"force": True})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job"])

    def runner_of(self, number: str) -> int:
        with self.memory.database.read() as connection:
            holder = connection.execute(select(job.c.holder).where(job.c.id == int(number))).scalar()
        return int(str(holder).split(" ")[-2])

    def restart(self) -> None:
        os.killpg(self.server.pid, signal.SIGKILL)
        self.server.stop()
        self.server.start()

    def check(self, number: str, before: tuple[str, list[str]]) -> str:
        """The job's end, which agrees with what serves; nothing is left of what did not come about."""
        eventually(lambda: job_of(self.server, number)["result"], f"the end of job {number}")
        eventually(lambda: not is_alive(self.runner_of(number)), "the end of the runner")
        content = job_of(self.server, number)
        result = content["result"]
        assert isinstance(result, dict)
        assert content["state"] == result["state"]
        current, versions = self.now()
        if result["state"] == "published":
            assert current == result["version"]
            assert sorted(versions) == sorted([*before[1], current])
            eventually(lambda: set(workers_of(self.server).values()) == {current}, f"all workers at {current}")
        else:
            assert (current, versions) == before
        eventually(lambda: self.folders() == {each for each in versions if each != "0"}, "a sweep of the folders")
        eventually(lambda: self.listed() == 0, "a sweep of the list")
        assert set(workers_of(self.server).values()) == {current}
        return str(result["state"])

    def now(self) -> tuple[str, list[str]]:
        content = self.server.get("/models").json()
        return content["current"], [each["version"] for each in content["models"]]

    def folders(self) -> set[str]:
        folder = self.server.artifacts / "models" / "digits"
        return {path.name for path in folder.iterdir()} if folder.is_dir() else set()

    def listed(self) -> int:
        with self.memory.database.read() as connection:
            return len(connection.execute(select(pending.c.id)).all())
