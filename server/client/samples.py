"""Predictions that the server kept, what is said of them, and what became of that."""

from dataclasses import dataclass
from typing import Any, Self, TypedDict


class Word(TypedDict, total=False):
    """What a prediction showed, by its request, or by its sample where somebody looked at it."""

    request_id: str
    position: int  # of the picture in its request, where several of them are kept
    sample: str
    label: str | None  # None takes back what was said of a sample
    skip: str  # why a sample has no label


@dataclass(frozen=True)
class Heard:
    """A word that was heard."""

    sample: str
    request_id: str
    status: str  # of its upload: stored, unchanged, suspect; else skipped, or waiting again

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        return cls(content["sample"], content["request_id"], content["status"])


@dataclass(frozen=True)
class Sample:
    """A kept prediction that waits for a look."""

    sample: str
    why: str  # random, unsure, unfamiliar, shadow
    created_at: str
    request_id: str
    position: int
    model_version: str
    label: str  # what was answered
    confidence: float
    feedback: str | None  # what was said of its request

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        return cls(**{name: content[name] for name in cls.__dataclass_fields__})
