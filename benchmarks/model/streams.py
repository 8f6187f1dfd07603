"""Streams of pictures of which something is new, with the version that answers them and what it learns from besides."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import shipped
from benchmarks.mnist import FASHION, Digits, read, thinned, write
from server.models.model import Model, load
from server.store.manifest import read_manifest
from trainer.config import Recipe, recipe_of

LENGTH, BASE, VALIDATION = 7000, 2000, 500
SHARE = 0.2  # of the stream in the new pen
BATCH = 256
TAUGHT, JUDGING = 8000, 1000  # pictures that the version knows the old classes from, and is judged by at first
NEW = (9, 6, 5, 8, 1)  # of Fashion-MNIST's classes, a seed's
CLOTHES: dict[str, Any] = {
    "preprocessing": "resize",
    "flip": True,
    "scale": 0.05,
    "shift": 0.05,
    **dict.fromkeys(("rotation", "shear", "elastic", "thickness"), 0.0),
}


@dataclass(frozen=True)
class Stream:
    """What is answered, what is learnt from it, and what is asked then."""

    model: Model  # that answers
    weights: Path
    recipe: Recipe
    classes: int
    pictures: Digits
    beside: Digits  # of the base, which is replayed
    validation: Digits
    others: Digits  # what is asked: as the stream, or what is new of it

    @property
    def known(self) -> int:
        """How many classes the version has."""
        return len(self.model.labels)


def new_pen(seed: int, folder: Path) -> Stream:
    """MNIST's test half, a fifth of it in a thin pen, answered by the shipped model; others in that pen are asked."""
    del folder  # nothing is made
    random = np.random.default_rng(seed)
    digits, fit = read("test"), read("fit")
    order = random.permutation(len(digits.classes))
    pictures = Digits(digits.images[order[:LENGTH]].copy(), digits.classes[order[:LENGTH]])
    in_pen = random.random(LENGTH) < SHARE
    pictures.images[in_pen] = thinned(pictures.images[in_pen])
    base = random.permutation(len(fit.classes))[:BASE]
    return Stream(
        shipped.load(BATCH),
        shipped.FOLDER / "model.weights.h5",
        Recipe(seed=seed),
        10,
        pictures,
        Digits(fit.images[base], fit.classes[base]),
        read("validation").first(VALIDATION),
        Digits(thinned(digits.images[order[LENGTH:]]), digits.classes[order[LENGTH:]]),
    )


def new_class(seed: int, folder: Path) -> Stream:
    """Fashion-MNIST's test half, answered by a version that knows all its classes but one; others are asked."""
    numbers = np.argsort([each for each in range(10) if each != NEW[seed]] + [NEW[seed]]).astype(np.uint8)

    def part(name: str) -> Digits:  # the new class is the last
        whole = read(name, FASHION)
        return Digits(whole.images, numbers[whole.classes])

    def known(whole: Digits) -> Digits:
        return Digits(whole.images[whole.classes < 9], whole.classes[whole.classes < 9])

    random = np.random.default_rng(seed)
    fit, clothes = known(part("fit")), part("test")
    version = _trained(fit.first(TAUGHT), known(part("gate")).first(JUDGING), folder, seed)
    order = random.permutation(len(clothes.classes))
    base = random.permutation(TAUGHT)[:BASE]
    return Stream(
        load(version, read_manifest(version, "clothes", "1"), BATCH),
        version / "model.weights.h5",
        recipe_of(CLOTHES | {"seed": seed}),
        10,
        Digits(clothes.images[order[:LENGTH]], clothes.classes[order[:LENGTH]]),
        Digits(fit.images[base], fit.classes[base]),
        known(part("validation")).first(VALIDATION),
        Digits(clothes.images[order[LENGTH:]], clothes.classes[order[LENGTH:]]),
    )


STREAMS: dict[str, Callable[[int, Path], Stream]] = {"pen": new_pen, "class": new_class}


def _trained(train: Digits, test: Digits, folder: Path, seed: int) -> Path:
    """The version that the trainer publishes of them."""
    dataset = folder / f"set-{seed}"
    write(dataset, "train", train)
    write(dataset, "t10k", test)
    places = {"dataset": dataset, "artifacts": folder / f"artifacts-{seed}", "data": folder / f"data-{seed}"}
    options = {**places, "baseline": folder / "none", "name": "clothes", "epochs": 12, "seed": seed, **CLOTHES}
    flags = [word for name, value in options.items() for word in _flag(name, value)]
    subprocess.run([".venv-train/bin/python", "-m", "trainer", *flags], check=True, stdout=subprocess.DEVNULL)
    return places["artifacts"] / "models/clothes/1"


def _flag(name: str, value: object) -> list[str]:
    return [f"--{name}"] if value is True else [f"--{name}", str(value)]
