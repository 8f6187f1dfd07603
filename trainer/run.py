"""One run from data to verdict: prepare -> train -> evaluate -> export -> verify -> gate -> publish.

It runs in the runner's child process (job.py), which alone loads TensorFlow.
"""

import time
from pathlib import Path
from typing import Any

import tensorflow as tf

from server.store.lease import Lease
from server.store.memory import Memory
from trainer import dataset
from trainer.config import Places, Recipe, as_json
from trainer.deliver import Delivery, deliver
from trainer.policy import Policy
from trainer.prepare import Prepared, prepare
from trainer.progress import Report
from trainer.train import train

SAME_NETWORK = ("preprocessing", "height", "width", "channels", "channels_factor")


def set_threads() -> None:
    """One thread an operation, one operation for each of two cores: the network's step beside the images' changes.

    Operations this small lose more by being split over two threads than they gain: 41 ms of CPU a step against 30.
    """
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(2)


def run(memory: Memory, lease: Lease, recipe: Recipe, policy: Policy, places: Places, work: Path) -> bool:
    """Run the job and conclude it; raises TrainingError, or LeaseLost if it is not ours any more."""
    started = time.monotonic()
    report = Report(lease)
    report("preparing", f"reading {places.dataset}")
    prepared = prepare(dataset.find(places.dataset), memory, recipe.input, work)
    lease.learn_from(prepared.decision)
    start, start_version = _start(memory, recipe, prepared, work)
    report(
        "training",
        f"training on {len(prepared.rows['fit'])} images and {len(prepared.rows['uploads'])} uploads, "
        f"the dataset as decision {prepared.decision} left it",
        decision=prepared.decision,
    )
    trained = train(recipe, prepared, start, report)
    provenance: dict[str, Any] = {"job": lease.job, "warm_start": start_version if trained.went_on else None}
    deliver(memory, lease, Delivery(recipe, prepared, trained, provenance, started), policy, report, work)
    return True


def _start(memory: Memory, recipe: Recipe, prepared: Prepared, work: Path) -> tuple[Path | None, str | None]:
    """The current version's weights, if the recipe's network is the same and it is not to start from scratch."""
    versions = memory.versions
    current = None if recipe.from_scratch else memory.pointer.current()
    if current is None:
        return None, None
    manifest = versions.manifest(current)
    training = versions.report(current).get("training")
    earlier = training.get("recipe") if isinstance(training, dict) else None
    asked = as_json(recipe)
    if not isinstance(earlier, dict) or any(earlier.get(name) != asked[name] for name in SAME_NETWORK):
        print(f"version {current} is another network: starting from scratch")
        return None, None
    if manifest.labels != prepared.labels:
        print(f"version {current} has other labels: starting from scratch")
        return None, None
    weights = work / "start.weights.h5"
    weights.write_bytes(versions.read(manifest, "model.weights.h5"))
    return weights, current
