"""What a training run is: where it reads and writes, and its recipe. The recipe is saved with every run."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args

from server.configuration import load
from server.pictures.image import SIDE_LIMIT
from server.pictures.preprocessing import NEWEST, Preprocessing
from trainer.backbone.known import LEAST_SIDE, MOST_SIDE, NONE

T = TypeVar("T")


def option(default: T, help_text: str) -> T:
    value: T = field(default=default, metadata={"help": help_text, "inherited": False})
    return value


def inherited(default: T, help_text: str) -> T:
    """What a job takes over from the recipe of the current version, unless it is told something else."""
    value: T = field(default=default, metadata={"help": help_text, "inherited": True})
    return value


@dataclass(frozen=True)
class Places:
    """Where a run reads and writes; the server's settings of the same names mean the same."""

    dataset: Path = option(
        Path("data/mnist"), "base dataset: four IDX files, or a folder or zip of pictures in folders or with metadata"
    )
    data: Path = option(Path("data"), "folder with the uploads")
    artifacts: Path = option(Path("artifacts"), "folder for models, jobs and candidates")
    baseline: Path = option(Path("artifacts/baseline"), "the model that ships, version 0")
    name: str = option("digits", "the model's name: a folder under artifacts/models")
    database: str = option("", "PostgreSQL's URL; by default the file relearn.sqlite3 in artifacts")


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    What makes the model and suits its pictures is inherited from version to version. What is of one run is not: how
    long, how fast and from where it learns, and how much it hears of the uploads.
    """

    preprocessing: Literal["digit", "resize"] = inherited(
        "digit", "how a picture becomes the model's input: digit or resize"
    )
    height: int = inherited(28, "pixels: height of the model's input")
    width: int = inherited(28, "pixels: width of the model's input")
    channels: int = inherited(1, "1 for grey, 3 for colour")
    channels_factor: float = inherited(
        1.0, "factor on the number of channels of every layer: larger is slower and better"
    )
    backbone: Literal["none", "efficientnet-lite0", "mobilenet", "mobilenet-v2", "auto"] = inherited(
        "none", "a pretrained network in place of the small one; auto: whichever says more of the validation part"
    )
    backbone_weights: str = option("", "file with its weights, where they are from no package")
    backbone_limit: int = option(200_000_000, "multiply-adds of a picture that the network that auto takes may need")
    from_scratch: bool = option(False, "start from random weights instead of the current version's")
    quick: bool = option(False, "from scratch in 20 epochs instead of 45: less than half the time, a little worse")
    epochs: int = option(0, "passes over the training images; 0: 45 from scratch, 3 from the current weights")
    batch_size: int = inherited(256, "images a step; of fewer than ten times as many it is less")
    learning_rate: float = option(6e-3, "peak of the learning rate; a fourth of it from the current weights")
    average: float = inherited(0.998, "momentum of the moving average of the weights, which is what is exported")
    rotation: float = inherited(
        10.0,
        "degrees: images are rotated at random by up to this; fewer than 2000 digits by half as much again, and so on",
    )
    shift: float = inherited(0.054, "of the side: images are shifted by up to this")
    scale: float = inherited(0.10, "height and width, each for itself, are scaled by up to e to the plus or minus this")
    shear: float = inherited(0.15, "images are sheared by up to this")
    elastic: float = inherited(
        0.025, "of the side: standard deviation by which a 5x5 grid of points is moved to bend images"
    )
    thickness: float = inherited(
        0.2, "share of the images whose strokes are made thicker or thinner; 0 for what is not drawn"
    )
    flip: bool = inherited(False, "mirror images left to right at random; for clothes, not for digits")
    uploads_share: float = option(0.25, "of an epoch: uploads make up at most this")
    seed: int = option(0, "seed of everything random")

    @property
    def input(self) -> Preprocessing:
        return Preprocessing(self.preprocessing, self.height, self.width, self.channels, NEWEST[self.preprocessing])


def add_flags(parser: argparse.ArgumentParser, table: type) -> None:
    """A flag for each field of a table; what is not given stays out of the parsed namespace."""
    for f in fields(table):
        flag = "--" + f.name.replace("_", "-")
        default = f"the current version's, or {f.default}" if f.metadata["inherited"] else f.default
        text = f"{f.metadata['help']} [default {default}]".replace("%", "%%")
        if f.type is bool:
            action = argparse.BooleanOptionalAction if f.metadata["inherited"] else "store_true"
            parser.add_argument(flag, action=action, default=argparse.SUPPRESS, help=text)
        else:
            choices = get_args(f.type) or None
            kind = cast("type", f.type) if f.type in (int, float, Path) else str
            parser.add_argument(flag, type=kind, choices=choices, default=argparse.SUPPRESS, help=text)


def places_of(arguments: Mapping[str, Any], environment: Mapping[str, str]) -> Places:
    """Places from flags, then RELEARN_ variables, then defaults, as the server reads them; raises SettingError."""
    names = [f.name for f in fields(Places)]
    flags = [word for name in names if name in arguments for word in (f"--{name}", str(arguments[name]))]
    settings = load(flags, environment, names)
    return Places(**{name: getattr(settings, name) for name in names})


def recipe_of(options: Mapping[str, Any]) -> Recipe:
    """A recipe from what was given of it; raises ValueError for a value out of range, TypeError for an unknown name."""
    recipe = Recipe(**options)
    for name, least, most in _RANGES:
        value = getattr(recipe, name)
        if not least <= value <= most:
            raise ValueError(f"{name} is {value}; it must be from {least} to {most}")
    if recipe.channels not in (1, 3):
        raise ValueError(f"channels is {recipe.channels}; it must be 1 (grey) or 3 (colour)")
    if recipe.preprocessing == "digit" and recipe.channels != 1:
        raise ValueError("digits are read in grey: channels must be 1 with preprocessing digit")
    if recipe.backbone != NONE:
        _check_backbone(recipe)
    return recipe


def _check_backbone(recipe: Recipe) -> None:
    known = get_args(next(f.type for f in fields(Recipe) if f.name == "backbone"))
    if recipe.backbone not in known:
        raise ValueError(f"backbone is {recipe.backbone!r}; there are {', '.join(known)}")
    if recipe.preprocessing == "digit":
        raise ValueError("a pretrained network sees pictures as they are: preprocessing must be resize with a backbone")
    for name in ("height", "width"):
        if not LEAST_SIDE <= getattr(recipe, name) <= MOST_SIDE:
            raise ValueError(
                f"{name} is {getattr(recipe, name)}; with a backbone it must be from {LEAST_SIDE} to {MOST_SIDE}"
            )


_RANGES: Sequence[tuple[str, float, float]] = (
    ("height", 8, SIDE_LIMIT),
    ("width", 8, SIDE_LIMIT),
    ("channels_factor", 0.1, 16),
    ("backbone_limit", 0, 10**12),
    ("epochs", 0, 1000),
    ("batch_size", 8, 4096),
    ("learning_rate", 1e-6, 1),
    ("average", 0, 0.9999),
    ("rotation", 0, 180),
    ("shift", 0, 0.5),
    ("scale", 0, 0.9),
    ("shear", 0, 1),
    ("elastic", 0, 0.2),
    ("thickness", 0, 1),
    ("uploads_share", 0, 0.9),
)


def options_of(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe's part of parsed flags: only what was given."""
    return {f.name: arguments[f.name] for f in fields(Recipe) if f.name in arguments}


def as_json(recipe: Recipe) -> dict[str, Any]:
    return asdict(recipe)
