"""`python -m trainer.reexport VERSION`: a version's weights exported again by the code as it is now, through the gate.

For a change of the exported graph or of the report: nothing is trained, the parts and the recipe are the version's.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from server.store import files
from server.store.artifacts import ArtifactStore
from server.store.files import Json
from server.store.uploads import Uploads
from trainer import dataset
from trainer.conclude import Policy
from trainer.config import Places, add_flags, places_of, recipe_of
from trainer.deliver import Delivery, deliver
from trainer.errors import TrainingError
from trainer.model import build_model
from trainer.prepare import prepare
from trainer.progress import Report
from trainer.train import Trained

LOCK_SECONDS = 30.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m trainer.reexport", description=__doc__)
    parser.add_argument("version")
    add_flags(parser, Places)
    arguments = vars(parser.parse_args())
    places = places_of(arguments)
    jobs = places.artifacts / "jobs"
    jobs.mkdir(parents=True, exist_ok=True)
    with files.locked(jobs / "lock", LOCK_SECONDS), tempfile.TemporaryDirectory(dir=jobs) as work:
        result = reexport(arguments["version"], places, Path(work))
    print({name: result[name] for name in ("state", "version", "accuracy", "reason")})


def reexport(version: str, places: Places, work: Path) -> dict[str, Json]:
    """The outcome, as a job's; raises TrainingError if the version's report does not say how it was trained."""
    started = time.monotonic()
    store = ArtifactStore(places.artifacts, places.name, places.baseline)
    training: Any = store.report(version).get("training")
    if not isinstance(training, dict) or "recipe" not in training:
        raise TrainingError(f"the report of version {version} does not say how it was trained")
    recipe = recipe_of(training["recipe"])
    prepared = prepare(dataset.find(places.dataset), Uploads(places.data), recipe.input, work)
    network = build_model(recipe, len(prepared.labels))
    weights = work / "start.weights.h5"
    weights.write_bytes(store.read(store.manifest(version), "model.weights.h5"))
    network.load_weights(weights)
    trained = Trained(network, training["history"], training["epochs"], training["images"], went_on=True)
    kept = ("job", "warm_start", "seconds", "uploads_sha256", "code_revision", "upload_batches", "uploads_left_out")
    provenance = {name: training[name] for name in kept if name in training} | {"exported_again_from": version}
    delivery = Delivery(recipe, prepared, trained, provenance, started)
    job = places.artifacts / "jobs" / f"export-of-{version}"
    return deliver(job, store, delivery, Policy(), Report(work / "events.jsonl"), work)


if __name__ == "__main__":
    main()
