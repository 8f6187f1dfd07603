"""`python -m benchmarks taught`: what the shipped digits learn from people, by retrains over the API.

python -m benchmarks.loop.taught [--seeds N] [case ...]    some of them, into the same results

Each case is a server of its own, with the trainer's process beside it. Pictures of the test half, at whose end the
uploads are drawn from, judge: of the base they are no part, and what is uploaded judges nothing. What is worse
beyond chance, an exact test of the answers that changed says (benchmarks/measure.py).
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import shipped
from benchmarks.loop.lessons import CONDITIONS, Images, Lesson, letters, written
from benchmarks.measure import TINY, Json, Result, Row, Setting, lost_and_gained, machine
from benchmarks.mnist import Digits, read
from benchmarks.reading import read_back
from benchmarks.seeded import some_of
from benchmarks.service import servers
from export.verify import outputs_in_batches
from server.client.client import Client
from server.models.model import Model, load
from server.store.manifest import read_manifest

RESULTS = Path("benchmarks/results/taught.json")
PYTHON = Path(".venv-train/bin/python")
SEEDS = 3
JUDGES = 9000  # of the test half's digits; uploads are made of the others
BATCH = 250
UPLOADS, UPLOADS_OF_CLASS = 100, 40
ADDED = "AKX"  # a seed's class

Right = NDArray[np.bool_]


class Taught:
    """One server, and what its versions answer."""

    def __init__(self, ours: servers.Server, folder: Path) -> None:
        host, port = ours.address
        self._ours = ours
        self._client = Client(f"http://{host}:{port}")
        self._folder = folder
        self._version: str | None = None  # that serves; None: the one that ships
        whole = read("test")
        self.digits = whole.first(JUDGES)
        self.others = Digits(whole.images[JUDGES:], whole.classes[JUDGES:])  # which uploads are made of

    def close(self) -> None:
        self._client.close()

    def add_class(self, label: str) -> None:
        self._ours.call("POST", "/classes", {"add": label})

    def teach(self, lesson: Lesson) -> float:
        """Upload, accept what the model doubts, and retrain: seconds from the call until the new version serves."""
        uploaded = self._client.upload(lesson.files, lesson.labels, "benchmark")
        if uploaded.suspects:
            where = {"batch": uploaded.batch, "state": "suspect"}
            self._ours.call("POST", "/dataset/batches", {"action": "accept", "where": where})
        began = time.monotonic()
        outcome = self._client.retrain()
        if outcome.version is None:
            sys.exit(f"error: nothing was published: {outcome}")
        while self._client.health()["model_version"] != outcome.version:
            time.sleep(0.05)
        self._version = outcome.version
        return round(time.monotonic() - began, 1)

    def right(self, lesson: Lesson) -> Right:
        """Which of these pictures the version that serves reads rightly."""
        model = self._model()
        images, usable = read_back(lesson.files, model.preprocessing)
        return np.asarray(usable & (_said(model, images) == np.array(lesson.labels)), np.bool_)

    def right_of_digits(self) -> Right:
        """Which of MNIST's."""
        return np.asarray(_said(self._model(), self.digits.images[..., None]) == self.digits.classes.astype(str))

    def _model(self) -> Model:
        if self._version is None:
            return shipped.load(BATCH)
        folder = self._folder / "artifacts/models/digits" / self._version
        return load(folder, read_manifest(folder, "digits", self._version), BATCH)


def _said(model: Model, images: Images) -> NDArray[np.str_]:
    labels: NDArray[np.str_] = np.array(model.labels)
    return np.asarray(labels[outputs_in_batches(model, images, BATCH)[0].argmax(axis=1)])


def _percent(right: Right) -> float:
    return round(100 * float(right.mean()), 2)


def added(taught: Taught, seed: int) -> dict[str, Any]:
    """A letter as an eleventh class, from 40 uploads."""
    before = taught.right_of_digits()
    taught.add_class(ADDED[seed])
    seconds = taught.teach(letters(ADDED[seed], UPLOADS_OF_CLASS, "train"))
    after = taught.right_of_digits()
    return {
        "percent": _percent(taught.right(letters(ADDED[seed], 200, "test"))),
        "digits": [_percent(before), _percent(after)],
        "chance": lost_and_gained(before, after)[2],
        "seconds": seconds,
    }


def retrains(taught: Taught, seed: int) -> dict[str, Any]:
    """Five ways of writing, one after another, each from 100 uploads."""
    judges = taught.digits.first(2000)
    chosen = np.random.default_rng(seed).permutation(len(taught.others.classes))
    first = taught.right_of_digits()
    found: dict[str, Any] = {"digits": [_percent(first)], "before": [], "taught": [], "seconds": []}
    heard = []
    for number, condition in enumerate(CONDITIONS):
        some = chosen[number * UPLOADS : (number + 1) * UPLOADS]
        asked = written(judges, condition)
        found["before"].append(_percent(taught.right(asked)))
        lesson = written(Digits(taught.others.images[some], taught.others.classes[some]), condition)
        found["seconds"].append(taught.teach(lesson))
        heard.append(taught.right(asked))
        found["taught"].append(_percent(heard[-1]))
        found["digits"].append(_percent(taught.right_of_digits()))
    last = [taught.right(written(judges, condition)) for condition in CONDITIONS]
    return found | {
        "last": [_percent(each) for each in last],
        "chance": lost_and_gained(first, taught.right_of_digits())[2],
        "kept": min(lost_and_gained(then, now)[2] for then, now in zip(heard, last, strict=True)),
    }


def fifty(taught: Taught, seed: int) -> dict[str, Any]:
    """The time of a retrain with 50 uploads."""
    chosen = np.random.default_rng(seed).permutation(len(taught.others.classes))[:50]
    some = Digits(taught.others.images[chosen], taught.others.classes[chosen])
    return {"seconds": taught.teach(written(some, "in a thin pen"))}


CASES: dict[str, Callable[[Taught, int], dict[str, Any]]] = {each.__name__: each for each in (fifty, added, retrains)}
ALPHA = 0.01  # under which a loss is more than chance


def rows(found: dict[str, Any]) -> list[Row]:
    """The figures of what was measured."""
    made = []

    def row(name: str, work: str, figure: str, part: str, unit: str, **bounds: float) -> None:
        if name in found:
            rounds = [each[part] for each in found[name]["seeds"]]
            value = min(rounds) if part in ("chance", "kept") else statistics.fmean(rounds)
            made.append(Row(work, figure, value, unit, rounds=rounds, **bounds))

    work = "a retrain of the shipped model with 50 uploads"
    row("fifty", work, "from the call until it serves", "seconds", "s", at_most=60.0)
    work = f"a letter added as a class, from {UPLOADS_OF_CLASS} uploads"
    row("added", work, "right of 200 more", "percent", "%", at_least=95.0)
    row("added", work, "chance of the digits' loss, at least", "chance", "", at_least=ALPHA)
    work = f"{len(CONDITIONS)} retrains in a row, each with {UPLOADS} uploads of another way of writing"
    row("retrains", work, "chance of the digits' loss, at least", "chance", "", at_least=ALPHA)
    row("retrains", work, "chance of a way's loss since it was taught, at least", "kept", "", at_least=ALPHA)
    return made


def run(setting: Setting) -> Result:
    names, seeds = (("fifty",), 1) if setting == TINY else (tuple(CASES), SEEDS)
    found: dict[str, Json] = {name: measured(name, range(seeds)) for name in names}
    return Result("taught", rows(found), found)


def measured(name: str, seeds: Sequence[int]) -> dict[str, Any]:
    """What each seed came to."""
    found = []
    for seed in seeds:
        with _taught() as taught:
            found.append(CASES[name](taught, seed))
        print(name, seed, json.dumps(found[-1]), file=sys.stderr, flush=True)
    return {"seeds": found, "machine": machine()}


@contextmanager
def _taught() -> Iterator[Taught]:
    with tempfile.TemporaryDirectory(prefix="relearn-bench-") as made:
        flags = ["--trainer", "process", "--trainer-python", str(PYTHON.absolute())]
        with servers.ours(None, flags, Path(made)) as ours:
            taught = Taught(ours, Path(made))
            try:
                yield taught
            finally:
                taught.close()


def main() -> None:
    some_of(
        "taught", "python -m benchmarks.loop.taught", __doc__.partition("\n")[0], CASES, measured, rows, SEEDS, RESULTS
    )


if __name__ == "__main__":
    main()
