"""What the alarm of drift promises: how long streams run without a change, and how soon a change is seen.

Streams are answers of the model that ships, drawn anew from those about pictures that it never learned from, and held
to a reference by the server's own watch (observe/windows.py). Clean ones: of all such pictures one half makes the
reference and the other half the stream, in many such halves. Changed ones are held to the shipped reference: a fifth of
the pictures is of a condition that it knows nothing of.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks import shipped
from benchmarks.conditions import measure
from benchmarks.measure import Result, Row, Setting
from benchmarks.mnist import read
from benchmarks.reading import read_back
from export.reference import reference_of
from export.verify import outputs_in_batches
from server.models.model import Images, Model, Outputs
from server.models.reference import BLOCK, Reference, Words, ink, margins
from server.observe.windows import POINT_BLOCKS, Windows

BATCH = 256
SET = 100_000  # requests to a false alarm
HALVES, STREAMS = 20, 10  # streams of each half
MOST = 20 * SET  # requests of a stream that has no alarm until then
PIECE = 20_000
RUNS = 200
BEFORE, WITHIN, SHARE = 1600, 2000, 0.2  # requests without a change, those in which it is to be seen, its share
PEN = "28x28, a soft thin pen"
OTHERS = ("thin pen", "a fold, thin pen")  # which the model was taught to read as if they were none
DRAWN = 1000
PLACES = tuple(125 * 2**power for power in range(13))


@dataclass(frozen=True)
class Answers:
    """What the model says of some pictures, and their inks."""

    probabilities: NDArray[np.float32]
    scores: NDArray[np.float32]
    inks: NDArray[np.float64]

    def some(self, which: NDArray[np.int64]) -> "Answers":
        return Answers(self.probabilities[which], self.scores[which], self.inks[which])

    def reference(self) -> Reference:
        found = reference_of(Outputs(self.probabilities, self.scores), self.inks)
        assert found is not None
        return found

    def words(self, reference: Reference) -> Words:
        measured = {"margin": margins(self.probabilities), "score": self.scores.astype(float), "ink": self.inks}
        return reference.words(self.probabilities.argmax(axis=1), measured)


def run(setting: Setting) -> Result:
    model = shipped.load(BATCH)
    is_whole = setting.rounds > 1
    halves, streams, runs, drawn = (HALVES, STREAMS, RUNS, DRAWN) if is_whole else (1, 2, 4, 100)
    held_out = _held_out(model)
    clean = _clean(held_out, halves, streams)
    names = (PEN, *OTHERS) if is_whole else (PEN,)
    found = {name: _changed(model, held_out, name, runs, drawn) for name in names}
    rows = [
        Row(
            f"{len(clean)} clean streams",
            "requests to the first false alarm, median / set",
            statistics.median(clean) / SET,
            "x",
            at_least=0.8,
            at_most=1.25,
        ),
        *(_seen(name, delays) for name, delays in found.items()),
    ]
    return Result("drift", rows, {"set": SET, "clean": clean, "changed": found, "curves": _curves(clean, found[PEN])})


def _seen(name: str, delays: Sequence[float]) -> Row:
    seen = sum(0 < delay <= WITHIN for delay in delays) / len(delays)
    least = 0.95 if name == PEN else None
    return Row(f"a fifth of {name}", f"alarms within {WITHIN:,} requests", seen, "share", at_least=least)


def _held_out(model: Model) -> Answers:
    return _answers(model, np.concatenate([read(part).images for part in ("validation", "gate", "test")])[..., None])


def _answers(model: Model, images: Images) -> Answers:
    return Answers(*outputs_in_batches(model, images, BATCH), ink(images))


def _clean(held_out: Answers, halves: int, streams: int) -> list[float]:
    """Requests to the first alarm of each stream; MOST where there was none."""
    lengths = []
    for half in range(halves):
        random = np.random.default_rng([1, half])
        order = random.permutation(len(held_out.inks))
        reference = held_out.some(order[::2]).reference()
        words = held_out.some(order[1::2]).words(reference)
        for _ in range(streams):
            windows, length = _watch(reference), 0
            while length < MOST and windows.take(random.choice(words, PIECE), 0.0) is None:
                length += PIECE
            lengths.append(float(min(MOST, length + _first(windows))))
    return lengths


def _first(windows: Windows) -> int:
    """Requests of the last piece until the alarm, in steps of those that a watch remembers."""
    step = POINT_BLOCKS * BLOCK
    points = list(windows.points)[-PIECE // step :]
    return step * (next((place for place, each in enumerate(points) if each >= windows.threshold), len(points)) + 1)


def _changed(model: Model, held_out: Answers, name: str, runs: int, drawn: int) -> list[float]:
    """Requests from the change to the alarm, below 0 for one before it; 2 * WITHIN where there was none."""
    reference = model.reference
    assert reference is not None
    inputs, usable = read_back([each.file for each in measure.drawn(name, "report", drawn)], model.preprocessing)
    usual, other = held_out.words(reference), _answers(model, inputs[usable]).words(reference)
    delays = []
    for number in range(runs):
        random = np.random.default_rng([2, number])
        stream = random.choice(usual, BEFORE + 2 * WITHIN)
        is_other = random.random(len(stream)) < SHARE
        is_other[:BEFORE] = False
        stream[is_other] = random.choice(other, int(is_other.sum()))
        windows, end = _watch(reference), 0
        while end < len(stream) and windows.take(stream[end : end + BLOCK], 0.0) is None:
            end += BLOCK
        delays.append(float(min(end + BLOCK - BEFORE, 2 * WITHIN)))
    return delays


def _watch(reference: Reference) -> Windows:
    return Windows(reference, [str(number) for number in range(len(reference.labels))], reference.threshold(SET), 0.0)


def _curves(clean: Sequence[float], changed: Sequence[float]) -> list[object]:
    """Of how many streams had their alarm after so many requests, in percent."""
    both = ("without a change, %", clean), ("a fifth of a thin pen, %", changed)
    return [
        [name, [(place, 100 * sum(0 < each <= place for each in lengths) / len(lengths)) for place in PLACES]]
        for name, lengths in both
    ]
