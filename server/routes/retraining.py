"""What is asked before a retrain begins, whoever begins it: is there enough, is it new, is the trainer there."""

import hashlib

from server.models.model import Model
from server.settings import Settings
from server.store import fingerprint
from server.store.enough import advice, lacking
from server.store.errors import TooFew
from server.store.files import Json
from server.store.memory import Memory
from server.store.vocabulary import Vocabulary
from server.training.launcher import Launcher

NO_UPLOADS = hashlib.sha256(b"").hexdigest()  # what a report before decisions said of a training without uploads
NOT_READY = (
    "the trainer's environment is still being built: ask again in a few minutes. If nobody builds it any more, "
    "`make .venv-train/ready` does"
)
NOTHING_NEW = "nothing new to learn from"


def obstacle(memory: Memory, model: Model | None, launcher: Launcher) -> str | None:
    """Why no training could begin now; `model` is the one that serves."""
    try:
        check_enough(memory)
    except TooFew as error:
        return str(error)
    if not is_anything_new(memory, model):
        return NOTHING_NEW
    return None if launcher.is_ready() else NOT_READY


def check_enough(memory: Memory) -> None:
    """Raise TooFew where some class has too few pictures for a version."""
    short = shortage(memory, memory.classes.vocabulary())
    if short:
        raise TooFew(f"too few pictures to learn from and to judge by, so nothing was trained: {advice(short)}")


def shortage(memory: Memory, vocabulary: Vocabulary | None) -> dict[str, int]:
    """How many pictures are lacking of the classes that uploads alone teach."""
    if vocabulary is None:
        return {}
    counts = memory.browser.overview().counts.values()
    taught = vocabulary.taught_by_uploads()
    return lacking(taught, {name: sum(of.get(name, 0) for of in counts) for name in taught})


def is_anything_new(memory: Memory, model: Model | None) -> bool:
    """Whether the uploads are others than the current version was trained with; also true while a job is open, which
    is for the admission to say."""
    training = memory.versions.find(model.version).figures.get("training") if model is not None else None
    vocabulary = memory.classes.vocabulary()
    if vocabulary is not None and model is not None and vocabulary.names != model.labels:
        return True
    if not isinstance(training, dict) or memory.jobs.open() is not None:
        return True
    learnt = training.get("uploads_fingerprint")
    if learnt is None and training.get("uploads_sha256", NO_UPLOADS) == NO_UPLOADS:
        learnt = fingerprint.EMPTY
    return memory.browser.overview().fingerprint != learnt


def held_to(settings: Settings) -> dict[str, Json]:
    """What the trainer is held to, which no client decides."""
    limits: dict[str, Json] = {
        "accuracy_margin": settings.gate_accuracy_margin,
        "anchor_margin": settings.gate_anchor_margin,
        "significance": settings.gate_significance,
        "calibration_margin": settings.gate_calibration_margin,
        "cost_factor": settings.gate_cost_factor,
    }
    plain: dict[str, Json] = {
        "keep_versions": settings.keep_versions,
        "keep_jobs": settings.keep_jobs,
        "job_limit_seconds": settings.job_limit_seconds,
    }
    return {"limits": limits, **plain}
