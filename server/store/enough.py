"""How many pictures of a class it takes before a version can be trained; trainer and server both ask."""

from collections.abc import Iterable, Mapping

LEAST = {"fit": 6, "validation": 2, "gate": 2, "test": 2}  # of each class, or nothing can be said of it
ENOUGH = sum(LEAST.values())
NAMED = 5  # classes that a sentence names


def lacking(classes: Iterable[str], there: Mapping[str, int]) -> dict[str, int]:
    """How many pictures of each class are lacking, where some are."""
    return {label: ENOUGH - there.get(label, 0) for label in classes if there.get(label, 0) < ENOUGH}


def advice(short: Mapping[str, int]) -> str:
    """What to bring, in words."""
    words = [f"{number} more of {label!r}" for label, number in list(short.items())[:NAMED]]
    others = f" and some more of {len(short) - NAMED} other classes" if len(short) > NAMED else ""
    return f"{', '.join(words[:-1])}{' and ' if words[1:] else ''}{words[-1]}{others} and a version can be trained"
