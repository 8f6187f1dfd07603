"""Which datasets there are, how the trainer is asked about each, and what is to be reached."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.datasets.draw import write_letters, write_things
from benchmarks.datasets.emoji import write_emoji
from benchmarks.datasets.none import NONE, write_digits_and_none

FASHION = Path("/usr/share/datasets/fashion-mnist")  # Debian's package dataset-fashion-mnist
IN_COLOUR = ("--preprocessing", "resize", "--height", "64", "--width", "64", "--channels", "3", "--thickness", "0")
ON_LITE0 = ("--backbone", "efficientnet-lite0", "--flip")


@dataclass(frozen=True)
class Case:
    """One row: a dataset, and the trainer's flags for it."""

    name: str
    work: str
    flags: tuple[str, ...]
    at_least: float | None  # percent of the test pictures
    write: Callable[[Path], object] | None = None  # the dataset with its test pictures in `test`; None: it is there
    folder: Path | None = None
    against_features: bool = False  # a logistic regression on the same backbone's features is compared with
    apart: tuple[str, float] | None = None  # a class that is no part of the figure: its label, and percent to be right


def _pair(folder: Path) -> None:
    write_things(folder, {"": 12, "../test": 40}, ("car", "house"))


CASES = {
    each.name: each
    for each in (
        Case(
            "letters",
            "capitals and digits in 20 fonts, 28x28, 128 of each, twice the channels",
            ("--preprocessing", "resize", "--thickness", "0", "--channels-factor", "2", "--epochs", "60"),
            97.5,
            lambda folder: write_letters(folder, {"train": 128, "test": 25}),
        ),
        Case(
            "things",
            "360 drawings in colour of 6 things, on EfficientNet-Lite0",
            ON_LITE0,
            88.0,
            lambda folder: write_things(folder, {"train": 60, "test": 30}),
            against_features=True,
        ),
        Case(
            "things-small",
            "360 drawings in colour of 6 things, by the small network",
            (*IN_COLOUR, "--flip"),
            None,
            lambda folder: write_things(folder, {"train": 60, "test": 30}),
        ),
        Case(
            "emoji",
            "3,655 emoji in 9 groups, on EfficientNet-Lite0",
            ON_LITE0,
            79.0,
            write_emoji,
            against_features=True,
        ),
        Case("pair", "two classes of 12 drawings, on EfficientNet-Lite0", ON_LITE0, None, _pair),
        Case("pair-small", "two classes of 12 drawings, by the small network", (*IN_COLOUR, "--flip"), None, _pair),
        Case(
            "none",
            "MNIST's digits, beside 10,000 clothes and letters that are none",
            (),
            99.5,
            write_digits_and_none,
            apart=(str(NONE), 97.0),
        ),
        Case(
            "fashion",
            "Fashion-MNIST, twice the channels, 20 epochs",
            ("--preprocessing", "resize", "--flip", "--channels-factor", "2", "--epochs", "20", "--scale", "0.05",
             "--shift", "0.05", "--rotation", "0", "--shear", "0", "--elastic", "0", "--thickness", "0"),
            92.5,
            folder=FASHION,
        ),
    )
}  # fmt: skip
