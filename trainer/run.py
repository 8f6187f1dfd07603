"""One run from its start (start.py) to a verdict: train -> evaluate -> export -> verify -> gate -> publish.

It runs in the runner's child process (job.py), which alone loads TensorFlow.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import tensorflow as tf

from export.shared import sources_of
from server.store.lease import Lease
from server.store.memory import Memory
from trainer.backbone.choose import fit
from trainer.backbone.known import NONE
from trainer.deliver import Delivery, deliver
from trainer.policy import Policy
from trainer.progress import Report
from trainer.reshape import reshape
from trainer.start import Start


def set_threads(of_an_operation: int = 1) -> None:
    """One thread an operation, one operation for each of two cores: the network's step beside the images' changes.

    Operations this small lose more by being split over two threads than they gain: 41 ms of CPU a step against 30.
    Those of a pretrained network are large enough.
    """
    tf.get_logger().addFilter(lambda record: "tf.function retracing" not in record.getMessage())  # nobody's fault
    tf.config.threading.set_intra_op_parallelism_threads(of_an_operation)
    tf.config.threading.set_inter_op_parallelism_threads(2)


def run(memory: Memory, lease: Lease, start: Start, policy: Policy, report: Report, work: Path) -> None:
    """Run the job and conclude it; raises TrainingError, or LeaseLost if it is not ours any more."""
    prepared = start.prepared
    if start.recipe.backbone != NONE:
        set_threads(2)
    report(
        "training",
        f"training on {len(prepared.rows['fit'])} images and {len(prepared.rows['uploads'])} uploads, "
        f"the dataset as decision {prepared.decision} left it",
        decision=prepared.decision,
    )
    recipe, trained = fit(start.recipe, prepared, _weights(memory, start, work), report)
    provenance: dict[str, Any] = {"job": lease.job, "warm_start": start.version if trained.went_on else None}
    if trained.backbone is not None:
        provenance["backbone"] = _origin(memory, start.version if trained.went_on else None) | trained.backbone
    recipe = replace(recipe, backbone_weights="")  # where a file lay says nothing to others
    delivery = Delivery(recipe, prepared, trained, provenance, start.began)
    deliver(memory, lease, delivery, policy, report, work)


def _origin(memory: Memory, version: str | None) -> dict[str, Any]:
    """What the report of the version that was gone on from says of its backbone: whose weights they were, at first."""
    training = memory.versions.report(version).get("training") if version is not None else None
    found = training.get("backbone") if isinstance(training, dict) else None
    return found if isinstance(found, dict) else {}


def _weights(memory: Memory, start: Start, work: Path) -> Path | None:
    """The weights file of the version to go on from, with a last layer for the classes as they are now."""
    if start.version is None:
        return None
    weights, manifest = work / "start.weights.h5", memory.versions.manifest(start.version)
    weights.write_bytes(memory.versions.read(manifest, "model.weights.h5"))
    labels, called = start.prepared.labels, start.prepared.called
    if called is not None and manifest.labels != labels:
        sources = sources_of(labels, manifest.labels, called)
        reshape(weights, start.recipe, len(manifest.labels), sources, start.prepared)
    return weights
