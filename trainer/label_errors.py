"""Which labels of uploads seem wrong: what the trained network sees in a picture, and what others' labels say of that.

The network has learned the labels that are to be judged, so its own answers lean towards them. Its last features are
kept, and in place of its last layer are some that have each learned without one fold of the uploads (cross-fitting): a
picture is judged by the one that never saw its label. A label is doubted where another is more probable by MARGIN, the
least probable first: normalised margin and self-confidence of Northcutt, Jiang and Chuang 2021, "Confident learning:
estimating uncertainty in dataset labels", https://arxiv.org/abs/1911.00068.
"""

import warnings
from itertools import chain

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from server.store.doubts import Doubt
from trainer.calibrate import Features, outputs_of
from trainer.folds import FOLDS, folds_of
from trainer.likeness import Rows
from trainer.prepare import Classes, Prepared

MARGIN = 0.3  # at 0 a fifth of what is doubted was right, at 0.7 one in four wrong ones was missed
DOUBTED_MOST = 1000  # labels of one training: whoever looks at them has long seen what is the matter
BASE = 2000  # training images of the base that every fold learns from
LEARNED = 20_000  # uploads that one learns from, at most
STRENGTH = 0.01  # of the evidence against the prior: scikit-learn's C
STEPS = 200  # of the fit; it is as good as done by then
CHUNK = 10_000  # images in memory at once

Probabilities = NDArray[np.float64]  # (N, classes)


def label_errors(network: keras.Model, prepared: Prepared, seed: int) -> list[Doubt]:
    """The labels of uploads, held out or not, that seem wrong, the surest first."""
    of_parts = set(chain.from_iterable(rows.tolist() for rows in prepared.rows.values()))
    rows = np.array(sorted(of_parts & prepared.sha256s.keys()), np.int64)
    if len(rows) < FOLDS:
        return []
    random = np.random.default_rng([seed, len(rows)])
    fit = np.array([row for row in prepared.rows["fit"].tolist() if row not in prepared.sha256s], np.int64)
    base = np.sort(random.permutation(fit)[:BASE])
    features = _features(network, prepared, np.concatenate([rows, base]))
    classes = prepared.classes[rows]
    judged = cross_fitted(
        features[: len(rows)], classes, features[len(rows) :], prepared.classes[base], len(prepared.labels), random
    )
    own = judged[np.arange(len(rows)), classes]
    instead = judged.argmax(axis=1)
    wrong = np.flatnonzero(own - judged.max(axis=1) < -MARGIN)
    doubted = wrong[np.argsort(own[wrong], kind="stable")].tolist()
    return [
        Doubt(
            prepared.sha256s[int(rows[place])],
            prepared.labels[classes[place]],
            float(own[place]),
            prepared.labels[instead[place]],
        )
        for place in doubted[:DOUBTED_MOST]
    ]


def _features(network: keras.Model, prepared: Prepared, rows: Rows) -> Features:
    chunks = (rows[first : first + CHUNK] for first in range(0, len(rows), CHUNK))
    return np.concatenate([outputs_of(network, np.asarray(prepared.images[chunk]))[0] for chunk in chunks])


def cross_fitted(
    features: Features,
    classes: Classes,
    base: Features,
    base_classes: Classes,
    number: int,
    random: np.random.Generator,
) -> Probabilities:
    """What each of the uploads shows, by all of the base and those of the other folds.

    Of a class that those do not have, nobody can say anything: its images are taken at their word.
    """
    folds = folds_of(classes, random)
    probabilities = np.zeros((len(classes), number))
    for fold in range(FOLDS):
        mine = folds == fold
        others = np.flatnonzero(~mine)
        others = np.sort(random.permutation(others)[:LEARNED])
        seen = np.concatenate([base_classes, classes[others]])
        known = np.unique(seen)
        if len(known) > 1 and mine.any():
            last_layer = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=STEPS))
            with warnings.catch_warnings(category=ConvergenceWarning, action="ignore"):
                last_layer.fit(np.concatenate([base, features[others]]), seen)
            probabilities[np.ix_(mine, known)] = last_layer.predict_proba(features[mine])
        alone = mine & ~np.isin(classes, known)
        probabilities[alone] = np.eye(number)[classes[alone]]
    return probabilities
