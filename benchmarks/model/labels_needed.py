"""How many labels the Review queue needs for what as many drawn by chance teach, of a stream with something new.

python -m benchmarks.model.labels_needed [--stream pen|class] [--seeds 5] [--results FILE]

The stream (streams.py) is 7,000 digits, a fifth of them in a new pen, or 7,000 clothes of which a class is new; a
version answers them, and what it would keep of them (docs/privacy.md) waits in the queue. The first so many by the
server's own order are labelled, or as many drawn from the whole stream; each time the version's network goes on with
them beside 2,000 base images, by the trainer's own code. What it then reads of 3,000 others is the accuracy. It needs
the train environment.
"""

import argparse
import json
import shutil
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from benchmarks import plot
from benchmarks.mnist import Digits
from benchmarks.model.streams import BATCH, STREAMS, Stream
from export.verify import outputs_in_batches
from server.models.reference import margins
from server.pictures.likeness import likeness
from server.store.review import in_order
from server.store.sample import Sample, Why
from trainer.prepare import Prepared
from trainer.progress import Report
from trainer.reshape import reshape
from trainer.run import set_threads
from trainer.train import logits_of, train

DRAWN = 0.02  # of all answers, kept by chance: twice what a server keeps, since the stream is short
PAGE = 10  # that are asked before the order hears of their labels
UNSURE = 0.5  # margin under which an answer is kept, as the server does
LABELS = (10, 20, 40, 80, 160)
ARMS = ("queue", "random")
RESULTS = Path("benchmarks/results")
NAMES = {"pen": "labels_needed", "class": "labels_needed_class"}
TITLES = {"pen": "Digits in the new pen", "class": "Clothes, of which a class is new"}

Images = NDArray[np.uint8]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--stream", choices=STREAMS, default="pen")
    parser.add_argument("--results", type=Path, help="benchmarks/results/labels_needed.json, or _class.json, without")
    arguments = parser.parse_args()
    set_threads()
    curves: dict[str, list[list[float]]] = {arm: [] for arm in ARMS}
    for seed in range(arguments.seeds):
        with tempfile.TemporaryDirectory(prefix="relearn-bench-") as folder:
            stream = STREAMS[arguments.stream](seed, Path(folder))
            for arm, found in _curves(stream, np.random.default_rng(seed), Path(folder)).items():
                curves[arm].append(found)
                print(seed, arm, [round(100 * each, 2) for each in found], flush=True)
    result = summary(curves)
    file = arguments.results or RESULTS / f"{NAMES[arguments.stream]}.json"
    file.write_text(json.dumps(result | {"labels": LABELS, "curves": curves}, indent=1) + "\n")
    series = [(f"{arm}, % wrong", _wrong(of)) for arm, of in curves.items()]
    file.with_suffix(".svg").write_text(plot.svg(TITLES[arguments.stream], "labels", series))
    print(result)


def _wrong(curves: list[list[float]]) -> list[tuple[float, float]]:
    """By number of labels, the mean share of wrong answers in percent."""
    means = [statistics.mean(at) for at in zip(*curves, strict=True)]
    return [(float(number), 100 * (1 - mean)) for number, mean in zip(LABELS, means, strict=True)]


def summary(curves: dict[str, list[list[float]]]) -> dict[str, object]:
    """Labels of the queue to those by chance, for what the most by chance reached; and whether that could be luck."""
    shares = [needed(queue, random[-1]) / LABELS[-1] for queue, random in zip(*curves.values(), strict=True)]
    fewer = sum(share < 1 for share in shares)
    return {
        "share": round(statistics.median(shares), 3),
        "shares": [round(each, 3) for each in shares],
        "p": float(binomtest(fewer, len(shares), alternative="greater").pvalue),
    }


def needed(curve: list[float], accuracy: float) -> float:
    """Labels at which a curve first reaches an accuracy, between two numbers by their logarithm; the fewest tried, if
    those do already, and twice the most, if it never does."""
    for place, at in enumerate(curve):
        if at >= accuracy:
            if place == 0:
                return float(LABELS[0])
            before = curve[place - 1]
            share = (accuracy - before) / (at - before)
            return float(LABELS[place - 1] * (LABELS[place] / LABELS[place - 1]) ** share)
    return 2.0 * LABELS[-1]


def _curves(stream: Stream, random: np.random.Generator, folder: Path) -> dict[str, list[float]]:
    by_chance = random.permutation(len(stream.pictures.classes))[: LABELS[-1]]
    chosen = {"queue": _queue(stream, random), "random": by_chance}
    return {arm: [_accuracy(stream, places[:number], folder) for number in LABELS] for arm, places in chosen.items()}


def _queue(stream: Stream, random: np.random.Generator) -> NDArray[np.int64]:
    """Places of the stream in the order of Review, of what a server would keep."""
    model, images = stream.model, stream.pictures.images
    probabilities, scores = outputs_in_batches(model, images[..., None], BATCH)
    between = margins(probabilities)
    threshold = model.score_threshold
    samples = []
    for place in range(len(images)):
        unfamiliar = threshold is not None and scores[place] < threshold
        rank = float(random.random())
        why = Why.RANDOM if rank < DRAWN else Why.UNFAMILIAR if unfamiliar else Why.UNSURE
        if why is Why.UNSURE and between[place] >= UNSURE:
            continue
        samples.append(_sample(place, why, rank, images[place], float(between[place]), float(scores[place]), threshold))
    print(f"{len(samples)} kept", flush=True)
    asked: list[int] = []
    while len(asked) < LABELS[-1]:
        for each in in_order(samples, PAGE, model.labels):
            place = samples.index(each)
            samples[place] = replace(each, reviewed=str(stream.pictures.classes[each.id]))
            asked.append(each.id)
    return np.array(asked, np.int64)


def _sample(
    place: int, why: Why, rank: float, image: Images, margin: float, score: float, threshold: float | None
) -> Sample:
    return Sample(
        why=why, hour=0, rank=rank, probability=None, time="", request_id="", position=0, version="0", predicted="",
        confidence=1.0, margin=margin, score=score, score_threshold=threshold, id=place, sha256="", bytes=0,
        likeness=likeness(image[..., None]), feedback=None, reviewed=None, skipped=None,
    )  # fmt: skip


def _accuracy(stream: Stream, places: NDArray[np.int64], folder: Path) -> float:
    """On what is asked, of the version's network after a training with these labels."""
    labelled = Digits(stream.pictures.images[places], stream.pictures.classes[places])
    parts = stream.beside, labelled, stream.validation
    ends = np.cumsum([len(part.classes) for part in parts])
    rows = [np.arange(end - len(part.classes), end) for end, part in zip(ends, parts, strict=True)]
    images = np.concatenate([part.images for part in parts])[..., None]
    classes = np.concatenate([part.classes for part in parts]).astype(np.int32)
    labels = tuple(str(each) for each in range(stream.classes))
    new = labels[stream.known :]  # of which there is nothing but these labels, as a retrain would find it
    is_new = classes[rows[1]] >= stream.known
    parts_of = {"fit": np.concatenate([rows[0], rows[1][is_new]]), "uploads": rows[1][~is_new], "validation": rows[2]}
    prepared = Prepared(labels, images, classes, parts_of, (), 0, alone=frozenset(new))
    weights = folder / "start.weights.h5"
    shutil.copyfile(stream.weights, weights)
    if stream.known < stream.classes:
        sources = tuple((each,) if each < stream.known else () for each in range(stream.classes))
        reshape(weights, stream.recipe, stream.known, sources, prepared)
    trained = train(stream.recipe, prepared, weights, Report(None))
    answers = logits_of(trained.model, stream.others.images[..., None]).argmax(axis=1)
    return float((answers == stream.others.classes).mean())


if __name__ == "__main__":
    main()
