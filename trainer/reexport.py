"""`python -m trainer.reexport VERSION`: a version's weights exported again by the code as it is now, through the gate.

For a change of the exported graph or of the report: nothing is trained, the parts and the recipe are the version's. It
is a job like any other, run right here.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from server.settings import SettingError
from server.store import living
from server.store.errors import LeaseLost, StoreError
from server.store.lease import Lease, take
from server.store.memory import Memory, open_memory
from server.store.outcome import outcome
from trainer.config import Places, add_flags, places_of, recipe_of
from trainer.errors import TrainingError
from trainer.policy import Policy, add_policy_flags, policy_of
from trainer.prepare import prepare
from trainer.progress import Report
from trainer.start import base_of

KEPT = (
    "warm_start",
    "seconds",
    "code_revision",
    "upload_batches",
    "uploads_left_out",
    "backbone",
)  # of how it was trained


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m trainer.reexport", description=__doc__)
    parser.add_argument("version")
    add_flags(parser, Places)
    add_policy_flags(parser)
    arguments = vars(parser.parse_args())
    try:
        places, policy = places_of(arguments, os.environ), policy_of(arguments, os.environ)
    except SettingError as error:
        sys.exit(f"error: {error}")
    memory = open_memory(places.artifacts, places.data, places.name, places.baseline, places.database)
    job = memory.jobs.create({}, f"export of version {arguments['version']}", asdict(policy)).job
    lease = take(memory.database, job, living.own(), living.Heartbeats())
    if lease is None:
        memory.jobs.fail(job, "another job is running")
    else:
        with _beating(lease), tempfile.TemporaryDirectory() as work:
            try:
                reexport(arguments["version"], places, policy, memory, lease, Path(work))
            except BaseException as error:
                lease.end(outcome("failed", reason=str(error) or repr(error)))
                raise
    result = memory.jobs.get(job).result or {}
    print({name: result.get(name) for name in ("state", "version", "accuracy", "reason")})


def reexport(version: str, places: Places, policy: Policy, memory: Memory, lease: Lease, work: Path) -> None:
    """Conclude the job; raises TrainingError if the version's report does not say how it was trained."""
    started = time.monotonic()
    training: Any = memory.versions.report(version).get("training")
    if not isinstance(training, dict) or "recipe" not in training:
        raise TrainingError(f"the report of version {version} does not say how it was trained")
    recipe = recipe_of(training["recipe"])
    prepared = prepare(base_of(memory, places, Report(lease)), memory, recipe.input, work)
    manifest = memory.versions.manifest(version)
    if manifest.labels != prepared.labels:
        raise TrainingError(f"version {version} knows other classes than there are by now; train one of these")
    lease.learn_from(prepared.decision)

    # TensorFlow, which takes seconds, for what nothing speaks against.
    from trainer.deliver import Delivery, deliver
    from trainer.model import build_model
    from trainer.train import Trained

    network = build_model(recipe, len(prepared.labels))
    weights = work / "start.weights.h5"
    weights.write_bytes(memory.versions.read(manifest, "model.weights.h5"))
    network.load_weights(weights)
    went_on = training.get("warm_start") is not None
    trained = Trained(network, training["history"], training["epochs"], recipe.batch_size, training["images"], went_on)
    kept = {name: training[name] for name in KEPT if name in training}
    provenance = {"job": lease.job} | kept | {"exported_again_from": version}
    delivery = Delivery(recipe, prepared, trained, provenance, started)
    deliver(memory, lease, delivery, policy, Report(lease), work)


@contextmanager
def _beating(lease: Lease) -> Iterator[None]:
    """Keep a lease while something runs in this process."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(living.BEAT_SECONDS):
            try:
                lease.renew()
            except LeaseLost:  # the job is over, or whoever concludes it is told
                return
            except StoreError as error:
                print(f"the lease was not renewed: {error}", flush=True)

    beating = threading.Thread(target=beat, daemon=True)
    beating.start()
    try:
        yield
    finally:
        over.set()
        beating.join()


if __name__ == "__main__":
    main()
