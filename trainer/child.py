"""The process that trains: it reads the job's row, runs it under its runner's lease, and concludes it.

What it writes down is written under the lease's token, so that one whose job was taken away from it changes nothing.
"""

import os
import signal
import threading
import traceback
from pathlib import Path

from server.layouts.errors import DatasetError
from server.store.errors import LeaseLost, StoreError
from server.store.lease import Lease
from server.store.memory import open_memory
from server.store.outcome import outcome
from trainer.config import Places
from trainer.errors import TrainingError
from trainer.policy import Policy
from trainer.progress import Report
from trainer.start import make_start


def die_with_the_runner() -> None:
    """End this process and all that it starts when its runner is gone, however that ended: when its pipe ends."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def main(job: str, token: int, places: Places, own: Policy, work: Path) -> int:
    """Run the job; the exit code is 0 if it came to a verdict. `own` holds for what its row does not say."""
    memory = open_memory(places.artifacts, places.data, places.name, places.baseline, places.database)
    found = memory.jobs.get(job)
    lease = Lease(memory.database, int(job), token)
    report = Report(lease)
    try:
        policy = Policy.from_json(found.policy, own)
        start = make_start(memory, lease, found.options, places, report, work)

        from trainer.run import run, set_threads  # TensorFlow: some seconds, after all that may be refused

        set_threads()
        run(memory, lease, start, policy, report, work)
        return 0
    except LeaseLost as error:
        print(f"nothing is published: {error}", flush=True)
        return 1
    except (DatasetError, TrainingError, StoreError, ValueError, TypeError) as error:
        traceback.print_exc()
        reason = str(error)
    except OSError as error:
        traceback.print_exc()
        reason = f"the disk failed the trainer: {error}"
    lease.end(outcome("failed", reason=reason))
    return 1
