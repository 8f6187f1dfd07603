"""What calls answer, as values of their own types. What a newer server says besides is left out, never an error."""

from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Prediction:
    """What the model says of one picture."""

    label: str
    confidence: float  # the probability of the label
    probabilities: tuple[float, ...]  # in the order of the model's labels
    model_version: str
    score: float | None  # how far it may be believed; None where the model has no score
    score_threshold: float | None

    @property
    def is_doubtful(self) -> bool:
        """Whether it is not to be believed, whatever the confidence."""
        return self.score is not None and self.score_threshold is not None and self.score < self.score_threshold

    @classmethod
    def of(cls, content: dict[str, Any], version: str) -> Self:
        return cls(
            content["label"],
            content["confidence"],
            tuple(content["probabilities"]),
            version,
            content.get("score"),
            content.get("score_threshold"),
        )


@dataclass(frozen=True)
class Suspect:
    """A label that the model finds nearly impossible; it waits until somebody accepts or rejects it."""

    file: str
    sha256: str
    label: str
    probability: float
    predicted: str


@dataclass(frozen=True)
class LeftOut:
    """A file that was not stored, and why."""

    file: str
    reason: str
    code: str | None  # None where the file is no picture at all, and was passed over


@dataclass(frozen=True)
class Uploaded:
    """What became of one upload."""

    count: int  # pictures stored
    batch: str | None  # by which it can be undone
    duplicates: tuple[str, ...]
    suspects: tuple[Suspect, ...]
    left_out: tuple[LeftOut, ...]

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        refused = [LeftOut(each["file"], each["error"], each["code"]) for each in content["refused"]]
        passed_over = [LeftOut(each["file"], each["reason"], None) for each in content.get("passed_over", [])]
        suspects = [
            Suspect(each["file"], each["sha256"], each["label"], each["probability"], each["predicted"])
            for each in content["suspects"]
        ]
        batch = content["batch"]
        return cls(
            content["count"],
            None if batch is None else str(batch),
            tuple(content["duplicates"]),
            tuple(suspects),
            (*refused, *passed_over),
        )


@dataclass(frozen=True)
class Progress:
    """How far a job is. Of the figures those that its stage has."""

    stage: str
    epoch: int | None
    epochs: int | None
    step: int | None
    steps: int | None
    seconds_left: float | None
    details: dict[str, Any]  # the whole event

    @property
    def share(self) -> float | None:
        """Of the training that is done, 0 to 1."""
        if not (self.epoch and self.epochs and self.steps) or self.step is None:
            return None
        return ((self.epoch - 1) * self.steps + self.step) / (self.epochs * self.steps)

    @classmethod
    def of(cls, event: dict[str, Any]) -> Self:
        names = ("epoch", "epochs", "step", "steps", "seconds_left")
        return cls(str(event.get("stage", "")), **{name: event.get(name) for name in names}, details=event)


@dataclass(frozen=True)
class Outcome:
    """How a retrain ended."""

    state: str  # published, refused by the gate, cancelled, failed, or nothing_new to learn from
    job: str | None
    version: str | None
    accuracy: float | None  # on the test set
    epochs: int | None
    reason: str | None

    @classmethod
    def of(cls, job: str, result: dict[str, Any]) -> Self:
        version = result.get("version")
        return cls(
            result["state"],
            job,
            None if version is None else str(version),
            result.get("accuracy"),
            result.get("epochs"),
            result.get("reason"),
        )


@dataclass(frozen=True)
class Version:
    """A model that was published."""

    version: str
    is_current: bool
    created_at: str
    accuracy: float | None  # on the test set
    bytes: int | None
    problem: str | None

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        metrics = content.get("metrics")
        test = metrics.get("test") if isinstance(metrics, dict) else None
        return cls(
            content["version"],
            content["current"],
            content["created_at"],
            test.get("accuracy") if isinstance(test, dict) else None,
            content.get("bytes"),
            content.get("problem"),
        )


@dataclass(frozen=True)
class Move:
    """A change of the version that serves."""

    time: str
    from_version: str | None
    to_version: str
    kind: str
    by: str
    reason: str


@dataclass(frozen=True)
class Models:
    """The versions, newest first, and the newest moves between them."""

    name: str
    current: str | None
    versions: tuple[Version, ...]
    moves: tuple[Move, ...]

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        moves = [
            Move(each["time"], each["from"], each["to"], each["kind"], each["by"], each["reason"])
            for each in reversed(content["promotions"])
        ]
        return cls(content["name"], content["current"], tuple(map(Version.of, content["models"])), tuple(moves))


@dataclass(frozen=True)
class Promoted:
    """A version that was made to serve."""

    version: str
    previous: str | None
    everywhere: bool  # whether every worker serves it already

    @classmethod
    def of(cls, content: dict[str, Any], everywhere: bool) -> Self:
        return cls(content["model_version"], content["previous"], everywhere)


@dataclass(frozen=True)
class Dataset:
    """What was uploaded, in numbers."""

    labels: tuple[str, ...]
    count: int
    uploads: dict[str, Any]  # by label and split
    suspects_count: int
    batches_count: int
    quota: dict[str, int]

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        return cls(
            tuple(content["labels"]),
            content["count"],
            content["uploads"],
            content["suspects_count"],
            content["batches_count"],
            content["quota"],
        )
