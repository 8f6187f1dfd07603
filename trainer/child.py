"""The process that trains: it reads the job's request, runs it, and leaves its outcome in the work folder."""

import json
import traceback
from pathlib import Path

import tensorflow as tf

from server.store import files
from server.store.artifacts import BrokenArtifact
from server.store.jobs import outcome
from trainer.conclude import Policy
from trainer.config import Places, recipe_of
from trainer.errors import TrainingError
from trainer.job import OUTCOME
from trainer.progress import Report
from trainer.run import run


def main(job: str, places: Places, work: str) -> int:
    """Run the job; the exit code is 0 if it came to a verdict."""
    set_threads()
    folder = places.artifacts / "jobs" / job
    request = files.read_json(folder / "request.json")
    options, policy = request["options"], request["policy"]
    report = Report(folder / "events.jsonl")
    try:
        assert isinstance(options, dict)
        assert isinstance(policy, dict)
        result = run(folder, recipe_of(options), Policy.from_json(policy), places, report, Path(work))
    except (TrainingError, BrokenArtifact, ValueError, TypeError) as error:
        traceback.print_exc()
        result = outcome("failed", reason=str(error))
    except OSError as error:
        traceback.print_exc()
        result = outcome("failed", reason=f"the disk failed the trainer: {error}")
    files.write_atomically(Path(work) / OUTCOME, json.dumps(result).encode())
    return 0 if result["state"] != "failed" else 1


def set_threads() -> None:
    """One thread an operation, one operation for each of two cores: the network's step beside the images' changes.

    Operations this small lose more by being split over two threads than they gain: 41 ms of CPU a step against 30.
    """
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(2)
