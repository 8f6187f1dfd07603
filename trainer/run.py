"""One run from data to verdict: prepare -> train -> evaluate -> export -> verify -> gate -> publish.

It runs in the runner's child process (job.py), which alone loads TensorFlow.
"""

import time
from pathlib import Path
from typing import Any

from server.store.artifacts import ArtifactStore
from server.store.files import Json
from server.store.uploads import Uploads
from trainer import dataset
from trainer.conclude import Policy
from trainer.config import Places, Recipe, as_json
from trainer.deliver import Delivery, deliver
from trainer.prepare import Prepared, prepare
from trainer.progress import Report
from trainer.train import train

SAME_NETWORK = ("preprocessing", "height", "width", "channels", "channels_factor")


def run(job: Path, recipe: Recipe, policy: Policy, places: Places, report: Report, work: Path) -> dict[str, Json]:
    """The outcome of the job in the folder `job`, as result.json has it; raises TrainingError."""
    started = time.monotonic()
    store = ArtifactStore(places.artifacts, places.name, places.baseline)
    report("preparing", f"reading {places.dataset}")
    uploads = Uploads(places.data)
    fingerprint = uploads.fingerprint()  # taken first: what comes later is new to the next run
    prepared = prepare(dataset.find(places.dataset), uploads, recipe.input, work)
    start, start_version = _start(store, recipe, prepared, work)
    report("training", f"training on {len(prepared.rows['fit'])} images and {len(prepared.rows['uploads'])} uploads")
    trained = train(recipe, prepared, start, report)
    provenance: dict[str, Any] = {
        "job": job.name,
        "warm_start": start_version if trained.went_on else None,
        "uploads_sha256": fingerprint,
    }
    delivery = Delivery(recipe, prepared, trained, provenance, started)
    return deliver(job, store, delivery, policy, report, work)


def _start(store: ArtifactStore, recipe: Recipe, prepared: Prepared, work: Path) -> tuple[Path | None, str | None]:
    """The current version's weights, if the recipe's network is the same and it is not to start from scratch."""
    current = None if recipe.from_scratch else store.current()
    if current is None:
        return None, None
    manifest = store.manifest(current)
    training = store.report(current).get("training")
    earlier = training.get("recipe") if isinstance(training, dict) else None
    asked = as_json(recipe)
    if not isinstance(earlier, dict) or any(earlier.get(name) != asked[name] for name in SAME_NETWORK):
        print(f"version {current} is another network: starting from scratch")
        return None, None
    if manifest.labels != prepared.labels:
        print(f"version {current} has other labels: starting from scratch")
        return None, None
    weights = work / "start.weights.h5"
    weights.write_bytes(store.read(manifest, "model.weights.h5"))
    return weights, current
