"""What may be told over the API, in which range: a retrain (by the trainer's flags), a shadow, a canary, a watch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from server.store.errors import UnusableOption
from server.store.files import Json


@dataclass(frozen=True)
class Option:
    """One option: its type, its range, and what it decides."""

    kind: type
    least: float
    most: float
    help: str


# Whatever is not given is the current version's (trainer/config.py says what is inherited), or the trainer's default.
OPTIONS = {
    "epochs": Option(int, 1, 1000, "passes over the training images"),
    "batch_size": Option(int, 8, 4096, "images a step"),
    "learning_rate": Option(float, 1e-6, 1.0, "peak learning rate"),
    "uploads_share": Option(float, 0.0, 0.9, "of an epoch: uploads make up at most this"),
    "seed": Option(int, 0, 2**31 - 1, "seed of everything random"),
    "from_scratch": Option(bool, 0, 1, "start from random weights instead of the current version's"),
    "force": Option(bool, 0, 1, "train even if there is nothing new to learn from"),
}
CANARY = {
    "percent": Option(float, 0.1, 50, "of the requests that it is given"),
    "minutes": Option(float, 0.05, 1440, "that it is tried"),
    "requests": Option(int, 1, 10**6, "that it must have answered to be promoted"),
    "watch_minutes": Option(float, 0, 1440, "that it is watched once it was promoted"),
}
SHADOW = {
    "percent": Option(float, 0.1, 100, "of the answers, whose pictures it is asked of"),
    "minutes": Option(float, 0.05, 1440, "that it is asked"),
    "pictures": Option(int, 1, 10**6, "that it must have been asked of to have passed"),
    "canary_minutes": Option(float, 0, 1440, "of a canary that begins once it has passed; 0 for none"),
}
WATCH = {
    "watch_minutes": Option(float, 0, 1440, "that it is watched, and sent back if it is worse than the one before"),
    "percent": Option(float, 0.1, 50, "of the requests that the one before answers meanwhile"),
    "requests": Option(int, 1, 10**6, "without which nothing can be said of it"),
}
_KINDS = {int: "a whole number", float: "a number", bool: "true or false,"}


def check_options(options: Mapping[str, Json], known: Mapping[str, Option] = OPTIONS, of: str = "a retrain") -> None:
    """Raise UnusableOption for an unknown option or a value out of range."""
    for name, value in options.items():
        if name not in known:
            raise UnusableOption(f"{name[:40]!r} is no option of {of}; the options are {', '.join(known)}")
        option = known[name]
        right = isinstance(value, bool) if option.kind is bool else type(value) in (int, option.kind)
        if not right or not isinstance(value, int | float) or not option.least <= value <= option.most:
            wanted = f"{_KINDS[option.kind]} from {option.least:g} to {option.most:g}"
            raise UnusableOption(f"{name} is {json.dumps(value)[:40]}; it must be {wanted}")
