"""What a trained network must still learn about itself: how sure it may be, and when it is not to be believed.

The temperature divides the logits, so that an answer given with 90 % is right nine times in ten (Guo et al. 2017,
https://arxiv.org/abs/1706.04599); it is fitted on the validation part, and so is the threshold of the score (score.py),
or, where that part is small, on all that some network has not seen (cross_fit.py). Few pictures say little of a
temperature, and of those that are all right the best is the least there is: what they say is weighed against a prior
(docs/decisions/0029-few-pictures.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from trainer.config import Recipe
from trainer.evaluate import negative_log_likelihood, softmax
from trainer.hands import suits
from trainer.learned_score import LearnedScore, changed, learned_score, lesson
from trainer.model import FEATURES, at_once
from trainer.prepare import Classes, Images, Prepared
from trainer.score import Score, fitted_score

TEMPERATURES = np.exp(np.linspace(np.log(0.2), np.log(5), 321))
PRIOR = 0.35  # standard deviation of the temperature's logarithm around 0: from 0.5 to 2 in 95 of 100 cases
SAMPLE = 10_000  # fit images at most that the score compares with
LEAST_LESSON, LESSON = 1000, 30_000  # images, for a score to be learned, and fit images at most that it learns from
COPIES = 11  # changed ones of each validation image, which set a learned score's threshold with it

Features = NDArray[np.float32]  # (N, features)
Logits = NDArray[np.float32]  # (N, classes)


@dataclass(frozen=True)
class Calibration:
    """What is folded into the exported graph besides the network's weights."""

    temperature: float
    score: Score | LearnedScore
    score_threshold: float  # an answer with a lower score is not to be believed
    images: int = 0  # that temperature and threshold were fitted to
    folds: int = 0  # networks that were trained for it, 0 where the validation part was enough

    def answers(self, features: Features, logits: Logits) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities (N, classes) and scores (N,)."""
        divided = logits / np.float32(self.temperature)
        return softmax(divided), self.score.of(features, divided)


@dataclass(frozen=True)
class Witness:
    """A network, what it was trained on, and rows of pictures that it was not."""

    model: keras.Model
    prepared: Prepared
    unseen: NDArray[np.int64]

    @property
    def images(self) -> Images:
        return np.asarray(self.prepared.images[self.unseen])

    @property
    def classes(self) -> Classes:
        return self.prepared.classes[self.unseen]


def calibrate(witnesses: Sequence[Witness], recipe: Recipe) -> Calibration:
    """Temperature and threshold from what the networks have not seen, the score from what was trained on.

    The first is the network that is calibrated.
    """
    answers = [outputs_of(each.model, each.images) for each in witnesses]
    classes = np.concatenate([each.classes for each in witnesses])
    temperature = np.float32(fitted_temperature(np.concatenate([logits for _, logits in answers]), classes))
    learned = _is_learned(witnesses[0].prepared, recipe)
    scores = [_score(each, recipe, temperature, learned) for each in witnesses]
    found = []
    for each, score, (features, logits) in zip(witnesses, scores, answers, strict=True):
        if isinstance(score, LearnedScore):
            images = each.images
            copies = [changed(images, recipe, recipe.seed + copy) for copy in range(1, COPIES + 1)]
            features, logits = outputs_of(each.model, np.concatenate([images, *copies]))
        found.append(score.of(features, logits / temperature))
    threshold = np.quantile(np.concatenate(found), scores[0].doubted_quantile)
    return Calibration(float(temperature), scores[0], float(threshold), len(classes), len(witnesses) - 1)


def _is_learned(prepared: Prepared, recipe: Recipe) -> bool:
    """Where there is something to learn doubt from, and enough to learn it with."""
    images = len(prepared.rows["fit"]) + len(prepared.rows["uploads"][:SAMPLE])
    return suits(recipe, prepared.labels) and images >= LEAST_LESSON


def _score(witness: Witness, recipe: Recipe, temperature: np.float32, learned: bool) -> Score | LearnedScore:
    model, prepared = witness.model, witness.prepared
    fit, uploads = prepared.rows["fit"], prepared.rows["uploads"][:SAMPLE]
    most = LESSON if learned else SAMPLE
    sample = np.sort(np.concatenate([fit[:: -(-len(fit) // most)], uploads]))
    pictures, classes = prepared.images[sample], prepared.classes[sample]
    if learned:
        pictures, classes = lesson(pictures, classes, recipe)
    features, logits = outputs_of(model, pictures)
    logits /= temperature
    likeness = fitted_score(features[: len(sample)], logits[: len(sample)])
    if not learned:
        return likeness
    return learned_score(likeness, features, logits, logits.argmax(axis=1) == classes, recipe.seed)


def fitted_temperature(logits: Logits, classes: Classes) -> float:
    """The most probable temperature by the images' log losses and the prior: near 1 by few images, theirs by many."""
    losses = [negative_log_likelihood(softmax(logits / temperature), classes) for temperature in TEMPERATURES]
    prior = np.square(np.log(TEMPERATURES) / PRIOR) / 2
    return float(TEMPERATURES[int(np.argmin(len(classes) * np.array(losses) + prior))])


def outputs_of(model: keras.Model, images: Images) -> tuple[Features, Logits]:
    """The network's last features and its logits for any number of images."""
    both = keras.Model(model.input, [model.get_layer(FEATURES).output, model.output])
    features, logits = both.predict(images, batch_size=at_once(model), verbose=0)
    return np.asarray(features, np.float32), np.asarray(logits, np.float32)
