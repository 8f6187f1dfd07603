"""Takes a version's reference: its answers about held-out images, and the distances that are rare among such answers.

How far a stream without a change goes from its reference is found by bootstrap: of the answers another reference is
drawn, and another world whose stream is held to it, again and again, so that what so many images can't know is in the
thresholds as well (Gandy and Kvaløy 2013, Scandinavian Journal of Statistics 40, 647-668, on charts whose parameters
are estimated). The largest distance in a piece of a stream has a Gumbel distribution, whose tail says how long a stream
runs until it reaches one.
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from server.models.model import Outputs
from server.models.reference import BLOCK, WINDOWS, Counts, Reference, Steps, Words, distances, margins

LEAST_IMAGES = 100
LEVELS = {"margin": (0.01, 0.05, 0.2), "score": (0.02, 0.1, 0.3), "ink": (0.05, 0.2, 0.5, 0.8, 0.95)}
MOST = 0.98  # a share of nearly all tells nothing
DRAWN = 200  # references, each with a world
PIECES = 8  # of the stream that is held to one
PIECE = 400  # blocks, of whose distances the largest counts
REQUESTS = tuple(10**power for power in range(3, 9))
SEED = 1


def reference_of(outputs: Outputs, inks: NDArray[np.float64]) -> Reference | None:
    """The reference in a model's answers about images with these inks; None of too few to say anything."""
    if len(inks) < LEAST_IMAGES:
        return None
    best = outputs.probabilities.argmax(axis=1)
    measured = {"margin": margins(outputs.probabilities), "ink": inks}
    if outputs.scores is not None:
        measured["score"] = outputs.scores.astype(float)
    labels = np.bincount(best, minlength=outputs.probabilities.shape[1])
    measures = {name: _steps(measured[name], levels) for name, levels in LEVELS.items() if name in measured}
    plain = Reference(len(inks), tuple(labels.tolist()), measures, {})
    return replace(plain, thresholds=_thresholds(plain, plain.words(best, measured)))


def farthest(stream: Counts, counts: Counts, images: int) -> NDArray[np.float64]:
    """The largest distance after each block of a stream (blocks, shares), over all shares and windows that are full."""
    sums = np.concatenate([np.zeros((1, stream.shape[1]), np.int64), stream.cumsum(axis=0)])
    largest = np.zeros(len(stream))
    for window in WINDOWS:
        if window <= len(stream):
            answers = window * BLOCK
            table = distances(np.arange(answers + 1)[:, None], answers, counts, images)
            found = np.take_along_axis(table, sums[window:] - sums[:-window], axis=0).max(axis=1)
            np.maximum(largest[window - 1 :], found, out=largest[window - 1 :])
    return largest


def _steps(values: NDArray[np.float64], levels: tuple[float, ...]) -> Steps:
    """The steps at some quantiles."""
    edges = np.unique(np.quantile(values, levels, method="lower"))
    images = np.array([int((values <= edge).sum()) for edge in edges])
    tells = images < MOST * len(values)
    return Steps(tuple(edges[tells].tolist()), tuple(images[tells].tolist()))


def _thresholds(reference: Reference, words: Words) -> dict[int, float]:
    """For each number of requests the distance that half of all streams do not reach in so many."""
    pieces = np.array([_pieces(reference, words, np.random.default_rng([SEED, drawn])) for drawn in range(DRAWN)])
    scale = math.sqrt(6) / math.pi * float(np.sqrt(pieces.var(axis=1, ddof=1).mean()))
    places = pieces.mean(axis=1) - np.euler_gamma * scale
    return {requests: round(_median(requests / (PIECE * BLOCK), places, scale), 4) for requests in REQUESTS}


def _pieces(reference: Reference, words: Words, random: np.random.Generator) -> NDArray[np.float64]:
    """The largest distance in each piece of a stream from one world, held to one reference."""
    counts = reference.count(random.choice(words, reference.images), 1)[0]
    world = random.choice(words, reference.images)
    blocks = PIECES * PIECE + WINDOWS[-1]
    stream = reference.count(random.choice(world, blocks * BLOCK), blocks)
    found: NDArray[np.float64] = farthest(stream, counts, reference.images)[WINDOWS[-1] :].reshape(PIECES, PIECE)
    largest: NDArray[np.float64] = found.max(axis=1)
    return largest


def _median(pieces: float, places: NDArray[np.float64], scale: float) -> float:
    """The distance that a stream of so many pieces stays below in half of all cases, over all places; by bisection."""
    low, high = 0.0, float(places.max()) + 60 * scale
    for _ in range(60):
        middle = (low + high) / 2
        below = np.exp(-pieces * np.exp(-(middle - places) / scale)).mean()
        low, high = (low, middle) if below > 0.5 else (middle, high)
    return high
