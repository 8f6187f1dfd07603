"""Digits, and what is none: MNIST with an eleventh class of clothes and letters, which share no picture by half."""

from pathlib import Path

import numpy as np

from benchmarks.datasets.draw import CHARACTERS, letter
from benchmarks.mnist import FASHION, FOLDER, Digits, half, write

NONE = 10  # its number, and its label
DIGIT_LIKE = frozenset("BGIOQSZ0123456789")  # which people, too, may read as a digit
COUNTS = {"train": 5000, "t10k": 1000}  # of clothes, and as many letters


def write_digits_and_none(folder: Path, digits: Path = FOLDER, clothes: Path = FASHION) -> None:
    """Both halves in MNIST's form."""
    readable = [each for each in CHARACTERS if each not in DIGIT_LIKE]
    for name, count in COUNTS.items():
        known, worn = half(name, digits), half(name, clothes).first(count)
        seeds = [[*name.encode(), number] for number in range(len(worn.images))]
        drawn = [letter(readable[seed[-1] % len(readable)], np.random.default_rng(seed)) for seed in seeds]
        images = np.concatenate([known.images, worn.images, np.stack([np.asarray(each) for each in drawn])])
        none = np.full(len(images) - len(known.classes), NONE, np.uint8)
        write(folder, name, Digits(images, np.concatenate([known.classes, none])))
