"""What a trained network must still learn about itself: how sure it may be, and when it is not to be believed.

The temperature divides the logits, so that an answer given with 90 % is right nine times in ten (Guo et al. 2017,
https://arxiv.org/abs/1706.04599); it is fitted on the validation part, and so is the threshold of the score (score.py).
Few pictures say little of a temperature, and of those that are all right the best is the least there is: what they say
is weighed against a prior (docs/decisions/0029-few-pictures.md).
"""

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

    def answers(self, features: Features, logits: Logits) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities (N, classes) and scores (N,)."""
        divided = logits / np.float32(self.temperature)
        return softmax(divided), self.score.of(features, divided)


def calibrate(model: keras.Model, prepared: Prepared, recipe: Recipe) -> Calibration:
    """Temperature and threshold from the validation part, the score from what was trained on."""
    images, classes = prepared.part("validation")
    features, logits = outputs_of(model, images)
    temperature = np.float32(fitted_temperature(logits, classes))
    score = _score(model, prepared, recipe, temperature)
    if isinstance(score, LearnedScore):
        copies = [changed(images, recipe, recipe.seed + copy) for copy in range(1, COPIES + 1)]
        features, logits = outputs_of(model, np.concatenate([images, *copies]))
    threshold = np.quantile(score.of(features, logits / temperature), score.doubted_quantile)
    return Calibration(float(temperature), score, float(threshold))


def _score(model: keras.Model, prepared: Prepared, recipe: Recipe, temperature: np.float32) -> Score | LearnedScore:
    """Learned where there is something to learn doubt from, and enough to learn it with."""
    fit, uploads = prepared.rows["fit"], prepared.rows["uploads"][:SAMPLE]
    learned = suits(recipe, prepared.labels) and len(fit) + len(uploads) >= LEAST_LESSON
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
