"""From trained weights to the gate: calibrate -> convert -> verify -> measure -> report -> conclude.

Apart from run.py, so that weights that were trained before can be exported again (reexport.py).
"""

import platform
import shutil
import subprocess
import time
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from export.convert import OPSET, to_onnx
from export.gate import Judging
from export.publish import Candidate, with_file
from export.reference import reference_of
from export.verify import Parity, golden_file, outputs_in_batches, verify
from server.models import reference
from server.models.model import Model, Outputs
from server.store.lease import Lease
from server.store.memory import Memory
from trainer.calibrate import Calibration, calibrate, outputs_of
from trainer.conclude import conclude
from trainer.config import Recipe, as_json
from trainer.cross_fit import witnesses
from trainer.evaluate import metrics
from trainer.label_errors import label_errors
from trainer.learned_score import LearnedScore
from trainer.mistakes import mistakes
from trainer.model import served
from trainer.policy import Policy
from trainer.prepare import Prepared
from trainer.progress import Report
from trainer.train import Trained

LIBRARIES = ("tensorflow-cpu", "tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "numpy")
HELD_OUT = ("validation", "gate", "test", "held out")
TIMED = (1, 8, 32, 128)  # images a batch
TIMED_RUNS, TIMED_SECONDS = 50, 2.0  # of a size, at most; three runs at least
LEFT_OUT_NAMED = 100  # pictures that the report names; the log names all


@dataclass(frozen=True)
class Delivery:
    """What was trained, on what, and where it is from."""

    recipe: Recipe
    prepared: Prepared
    trained: Trained
    provenance: dict[str, Any]  # goes into the report's "training" as it is
    started: float  # time.monotonic() when the run began


def deliver(memory: Memory, lease: Lease, delivery: Delivery, policy: Policy, report: Report, work: Path) -> None:
    """Conclude the job with what was trained; raises BrokenArtifact if the ONNX model is not the network."""
    report("calibrating")
    prepared = delivery.prepared
    parent = delivery.provenance.get("exported_again_from", delivery.provenance["warm_start"])
    known = memory.versions.report(parent) if parent is not None else None
    calibration = calibrate(witnesses(delivery.trained, prepared, delivery.recipe, known, report), delivery.recipe)
    report("exporting")
    candidate, model, parity = _export(delivery, calibration, report, work)
    figures = _figures(delivery, model) | {"parity": asdict(parity), "timing": _timing(model)}
    figures["calibration"] = {
        "temperature": calibration.temperature,
        "score_threshold": calibration.score_threshold,
        "score": "learned" if isinstance(calibration.score, LearnedScore) else "share",
        "images": calibration.images,
        "folds": calibration.folds,
    }
    doubts = label_errors(delivery.trained.model, prepared, delivery.recipe.seed)
    figures["labels_doubted"] = len(doubts)
    candidate = _with_reference(candidate, model, prepared)
    judging = _judging(prepared)
    conclude(memory, lease, candidate, model, parity, figures, judging, doubts, policy, report)


def _with_reference(candidate: Candidate, model: Model, prepared: Prepared) -> Candidate:
    """With what the model answers about all that it did not learn from, where that is enough to tell."""
    found = []
    for part in HELD_OUT:
        images, _ = prepared.part(part)
        found.append((*outputs_in_batches(model, images), reference.ink(images)))
    probabilities, scores, inks = (np.concatenate(each) for each in zip(*found, strict=True))
    taken = reference_of(Outputs(probabilities, scores), inks)
    return candidate if taken is None else with_file(candidate, reference.FILE, taken.to_json())


def _judging(prepared: Prepared) -> Judging:
    again = cache(lambda other: _judging(prepared.read_by(other)))
    return Judging(prepared.part("gate"), prepared.part("held out"), prepared.sources, again, prepared.called)


def _export(
    delivery: Delivery, calibration: Calibration, report: Report, work: Path
) -> tuple[Candidate, Model, Parity]:
    """The candidate with its files, loaded as a server would and compared with the network."""
    recipe, prepared, network = delivery.recipe, delivery.prepared, delivery.trained.model
    labels = prepared.labels
    exported = served(network, recipe, len(labels), calibration.temperature, calibration.score)
    onnx_file = to_onnx(exported, recipe.height, recipe.width, recipe.channels)
    weights = work / "model.weights.h5"
    network.save_weights(weights)
    images, _ = prepared.part("test")
    probabilities, scores = calibration.answers(*outputs_of(network, images))
    contents = {
        "model.onnx": onnx_file,
        "model.weights.h5": weights.read_bytes(),
        "golden.npz": golden_file(images, probabilities),
    }
    candidate = Candidate(labels, recipe.input, ("probabilities", "score"), OPSET, contents)
    report("verifying")
    model = Model(candidate.manifest("candidate", "candidate"), onnx_file)
    return candidate, model, verify(model, images, probabilities, scores)


def _figures(delivery: Delivery, model: Model) -> dict[str, Any]:
    """The report's figures, all of the ONNX model; the test set's are reported here and decide nothing."""
    prepared, trained = delivery.prepared, delivery.trained
    figures: dict[str, Any] = {}
    worst: list[dict[str, Any]] = []
    for part in ("validation", "held out", "test"):
        images, classes = prepared.part(part)
        if len(images):
            probabilities, scores = outputs_in_batches(model, images)
            figures[part] = metrics(probabilities, classes, prepared.labels) | {"mean_score": float(scores.mean())}
            worst = mistakes(images, classes, probabilities, prepared.labels)
    return {
        "metrics": figures,
        "mistakes": worst,
        "dataset": prepared.counts(),
        "training": {
            "recipe": as_json(delivery.recipe),
            "epochs": trained.epochs,
            "batch_size": trained.batch_size,
            "seconds": round(time.monotonic() - delivery.started, 1),
            "history": trained.history,
            "images": trained.images,
            "upload_batches": list(prepared.batches),
            "uploads_left_out": prepared.skipped,
            "base_left_out": prepared.base_left_out,
            "left_out": list(prepared.left_out[:LEFT_OUT_NAMED]),
            "left_out_count": len(prepared.left_out),
            "uploads_lost": prepared.lost,
            "decision": prepared.decision,
            "uploads_fingerprint": prepared.fingerprint,
            "code_revision": _revision(),
            "python": platform.python_version(),
            "libraries": {name: version(name) for name in LIBRARIES if _installed(name)},
        }
        | delivery.provenance,
    }


def _timing(model: Model) -> dict[str, float]:
    """Microseconds an image on one core at each size of batch: the median of some runs, on a machine as it is now."""
    shape = (model.preprocessing.height, model.preprocessing.width, model.preprocessing.channels)
    return {f"batch {size}": round(_microseconds(model, (size, *shape)), 1) for size in TIMED}


def _microseconds(model: Model, shape: tuple[int, ...]) -> float:
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    seconds: list[float] = []
    while len(seconds) < 3 or (len(seconds) < TIMED_RUNS and sum(seconds) < TIMED_SECONDS):
        started = time.perf_counter()
        model.predict(images)
        seconds.append(time.perf_counter() - started)
    return 1e6 * float(np.median(seconds)) / shape[0]


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
