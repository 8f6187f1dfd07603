"""One version of a model, ready to answer: loaded from checked bytes, held to its contract, warmed up and replayed.

The trainer verifies candidates with this same code, so that nothing is published that a server would refuse.
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from server.models import graph, reference
from server.models.golden import read_golden
from server.models.reference import Reference
from server.store.errors import BrokenArtifact
from server.store.files import JSON_LIMIT_BYTES
from server.store.manifest import Manifest, read_listed

Images = NDArray[np.uint8]  # (N, height, width, channels)
Probabilities = NDArray[np.float32]  # (N, labels)
Scores = NDArray[np.float32]  # (N,)

# Another processor may round the last bits differently; a wrong model is off by far more.
GOLDEN_TOLERANCE = 1e-4
TIMED_BATCHES = 3  # the quickest counts
TURN_SECONDS = 0.002  # so long the images of one request may be looked at in one go, as a drawing may be read
TURN_BATCHES = 4  # that they are at most: by then a small network gains no more, and memory is bounded


class Dropped(Exception):
    """Nobody wants the model any more that was being loaded."""


@dataclass(frozen=True)
class Outputs:
    """What the model says of a batch."""

    probabilities: Probabilities
    scores: Scores | None  # how much each image looks like the training data; None where the model has no score


class Model:
    """A version's session. `predict` may be called from several threads, as onnxruntime's Run may."""

    def __init__(self, manifest: Manifest, data: bytes) -> None:
        """Build the session from the bytes that were hashed; raises BrokenArtifact if it breaks the contract."""
        graph.check(data)
        self.manifest = manifest
        self.version = manifest.version
        self.labels = manifest.labels
        self.preprocessing = manifest.preprocessing
        self.batch_seconds = 0.0  # of processor time, for the largest batch, as measured by `warm_up`
        self.turn_images = 1  # of one request that it looks at in one go at most, by the same measurement
        self.reference: Reference | None = None  # what its answers are like
        self.score_threshold: float | None = None  # an image with a lower score does not look like the training images
        try:
            self._session = onnxruntime.InferenceSession(data, session_options(), providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - onnxruntime's exceptions share no class of their own
            raise BrokenArtifact(f"onnxruntime can't load the model: {str(error)[:200]}") from None
        self._check_contract()
        self._output_names = list(manifest.outputs)

    def predict(self, images: Images) -> Outputs:
        """Probabilities and, where the model has it, the score of a batch."""
        values = self._session.run(self._output_names, {"image": images})
        named = dict(zip(self._output_names, values, strict=True))
        return Outputs(named["probabilities"], named.get("score"))

    def warm_up(self, batch_limit: int) -> None:
        """Run the largest batch first, so that memory is asked for once, then single images; takes the time of a batch.

        Raises BrokenArtifact if the outputs are not the shape they should be, or not probabilities.
        """
        images = self.any_images(batch_limit)
        self._check_outputs(self.predict(images), batch_limit)
        self._check_outputs(self.predict(images[:1]), 1)
        self.batch_seconds = min(self.timed(images) for _ in range(TIMED_BATCHES))
        turn = int(TURN_SECONDS / max(self.batch_seconds, TURN_SECONDS / TURN_BATCHES))
        self.turn_images = max(turn, 1) * batch_limit
        if turn > 1:
            self.predict(self.any_images(self.turn_images))

    def timed(self, images: Images) -> float:
        """Seconds of processor time that these images take it just now."""
        # Of this thread's: what a busy core makes it wait says nothing of the model.
        started = time.thread_time()
        self.predict(images)
        return time.thread_time() - started

    def replay(self, images: Images, probabilities: Probabilities) -> None:
        """Raise BrokenArtifact unless the golden images get the answers that the trainer saw."""
        answers = self.predict(images).probabilities
        off = float(np.abs(answers - probabilities).max(initial=0.0))
        if not off <= GOLDEN_TOLERANCE:
            raise BrokenArtifact(f"the golden images get other answers than at training: off by up to {off:.2g}")

    def any_images(self, number: int) -> Images:
        """So many inputs of its shape, for trials and times."""
        return np.random.default_rng(0).integers(0, 256, (number, *self.preprocessing.shape), np.uint8)

    def _check_contract(self) -> None:
        wanted = self.preprocessing
        inputs = {spec.name: (spec.type, spec.shape[1:]) for spec in self._session.get_inputs()}
        expected = {"image": ("tensor(uint8)", [wanted.height, wanted.width, wanted.channels])}
        if inputs != expected:
            raise BrokenArtifact(f"the model's input is {inputs}; its manifest says {expected}")
        outputs = {spec.name: (spec.type, spec.shape[1:]) for spec in self._session.get_outputs()}
        tails = {"probabilities": ("tensor(float)", [len(self.labels)]), "score": ("tensor(float)", [])}
        if outputs != {name: tails[name] for name in self.manifest.outputs}:
            raise BrokenArtifact(f"the model's outputs are {outputs}; its manifest names {self.manifest.outputs}")
        if any(isinstance(spec.shape[0], int) for spec in self._session.get_inputs()):
            raise BrokenArtifact("the model takes batches of one fixed size only")

    def _check_outputs(self, outputs: Outputs, images: int) -> None:
        probabilities = outputs.probabilities
        if probabilities.shape != (images, len(self.labels)):
            raise BrokenArtifact(f"{images} images gave probabilities of shape {probabilities.shape}")
        if not np.allclose(probabilities.sum(axis=1), 1.0, atol=1e-3) or probabilities.min() < 0:
            raise BrokenArtifact("the model's outputs are not probabilities")
        if outputs.scores is not None and not (outputs.scores.shape == (images,) and np.isfinite(outputs.scores).all()):
            raise BrokenArtifact("the model's scores are not one finite number an image")


def load(
    folder: Path,
    manifest: Manifest,
    batch_limit: int,
    is_wanted: Callable[[], bool] = lambda: True,
    threshold: float | None = None,
) -> Model:
    """A model that may serve: its bytes checked, contract held, warmed up, golden images replayed.

    Takes some milliseconds to a second; holds the GIL for little of it. `threshold` of the score, where it is known
    already: of a large report, reading it holds the GIL for long. Raises BrokenArtifact; Dropped if `is_wanted` says no
    between two steps.
    """
    data = read_listed(folder, manifest, "model.onnx")
    _check_wanted(is_wanted)
    model = Model(manifest, data)
    try:
        _check_wanted(is_wanted)
        model.warm_up(batch_limit)
        _check_wanted(is_wanted)
        model.replay(*read_golden(read_listed(folder, manifest, "golden.npz"), manifest))
        if "score" in manifest.outputs:
            if threshold is None:
                threshold = score_threshold(read_listed(folder, manifest, "report/report.json", JSON_LIMIT_BYTES))
            model.score_threshold = threshold
        if reference.FILE in manifest.files:
            written = read_listed(folder, manifest, reference.FILE, JSON_LIMIT_BYTES)
            model.reference = Reference.from_json(written, len(model.labels))
    except (BrokenArtifact, Dropped):
        raise
    except Exception as error:  # noqa: BLE001 - see above
        raise BrokenArtifact(f"the model can't be run: {str(error)[:200]}") from None
    return model


def _check_wanted(is_wanted: Callable[[], bool]) -> None:
    if not is_wanted():
        raise Dropped


def score_threshold(report: bytes) -> float:
    """The threshold that the trainer found on validation images, from the bytes of report.json."""
    try:
        threshold = float(json.loads(report)["calibration"]["score_threshold"])
        if not math.isfinite(threshold):
            raise ValueError(threshold)
        return threshold
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BrokenArtifact(f"the report of a model with a score names no threshold for it: {error!r}") from None


def session_options() -> onnxruntime.SessionOptions:
    """How every model here is run: one thread, in order, silent."""
    # One process a core: more threads, or threads that spin while they wait, only take time from each other.
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors only
    return options
