"""One run from data to verdict: prepare -> train -> evaluate -> export -> verify -> gate -> publish.

It runs in the runner's child process (job.py), which alone loads TensorFlow.
"""

import platform
import shutil
import subprocess
import time
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from export.convert import OPSET, to_onnx
from export.gate import Judging
from export.publish import Candidate
from export.verify import Parity, golden_file, in_batches, verify
from server.artifacts import ArtifactStore
from server.files import Json
from server.model import Model
from server.uploads import Uploads
from trainer import dataset
from trainer.conclude import Policy, conclude
from trainer.config import Places, Recipe, as_json
from trainer.evaluate import metrics, softmax
from trainer.model import unscaled
from trainer.prepare import Prepared, prepare
from trainer.progress import Report
from trainer.train import Trained, logits_of, train

LIBRARIES = ("tensorflow-cpu", "tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "numpy")
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
    report("exporting")
    candidate, model, parity = _export(job.name, recipe, prepared, trained, report, work)
    figures = _figures(job.name, recipe, prepared, trained, model)
    figures["parity"] = asdict(parity)
    figures["training"] |= {
        "warm_start": start_version if trained.went_on else None,
        "seconds": round(time.monotonic() - started, 1),
        "uploads_sha256": fingerprint,
    }
    judging = Judging(prepared.part("gate"), prepared.part("held out"))
    return conclude(job, store, candidate, model, parity, figures, judging, policy, report)


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


def _export(
    job: str, recipe: Recipe, prepared: Prepared, trained: Trained, report: Report, work: Path
) -> tuple[Candidate, Model, Parity]:
    """The candidate with its files, loaded as a server would and compared with the network."""
    network = unscaled(trained.model, recipe, len(prepared.labels))
    onnx_file = to_onnx(network, recipe.height, recipe.width, recipe.channels)
    weights = work / "model.weights.h5"
    trained.model.save_weights(weights)
    test_images, _ = prepared.part("test")
    probabilities = softmax(logits_of(trained.model, test_images))
    contents = {
        "model.onnx": onnx_file,
        "model.weights.h5": weights.read_bytes(),
        "golden.npz": golden_file(test_images, probabilities),
    }
    candidate = Candidate(prepared.labels, recipe.input, ("probabilities",), OPSET, contents)
    report("verifying")
    model = Model(candidate.manifest("candidate", job), onnx_file)
    return candidate, model, verify(model, test_images, probabilities)


def _figures(job: str, recipe: Recipe, prepared: Prepared, trained: Trained, model: Model) -> dict[str, Any]:
    """The report's figures, all of the ONNX model; the test set's are reported here and decide nothing."""
    figures: dict[str, Any] = {}
    for part in ("test", "validation", "held out"):
        images, classes = prepared.part(part)
        if len(images):
            figures[part] = metrics(in_batches(model, images, 256), classes, prepared.labels)
    return {
        "metrics": figures,
        "dataset": prepared.counts(),
        "training": {
            "recipe": as_json(recipe),
            "epochs": trained.epochs,
            "history": trained.history,
            "images": trained.images,
            "upload_batches": list(prepared.batches),
            "uploads_left_out": prepared.skipped,
            "code_revision": _revision(),
            "python": platform.python_version(),
            "libraries": {name: version(name) for name in LIBRARIES if _installed(name)},
            "job": job,
        },
    }


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _revision() -> str | None:
    """The commit of the code that trains, where it runs from a checkout."""
    git = shutil.which("git")
    if git is None:
        return None
    command = [git, "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=40"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or None
