"""What became of the requests that two versions answered side by side, counted by one worker or added up."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.store.files import Json
from server.web.access import Record

ROUTES = frozenset({"/predict", "/predict/batch"})  # whose requests a canary is tried on
_LEAST_SECONDS, _RATIO = 2e-5, 1.25
BOUNDS = tuple(_LEAST_SECONDS * _RATIO**step for step in range(64))  # seconds, up to 25


@dataclass
class Arm:
    """The requests that one version answered."""

    requests: int = 0
    times: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))  # by step of BOUNDS, the slower last
    labels: Counter[str] = field(default_factory=Counter)  # of the first picture of each
    seconds: float = 0.0  # of all together

    def note(self, seconds: float, label: str) -> None:
        """Count one answer: of a request, or about a picture that a shadow is asked of."""
        self.requests += 1
        self.times[bisect_left(BOUNDS, seconds)] += 1
        self.labels[label] += 1
        self.seconds += seconds

    def note_all(self, seconds: float, labels: Sequence[str]) -> None:
        """As `note` for each of these labels, which took so long each."""
        self.requests += len(labels)
        self.times[bisect_left(BOUNDS, seconds)] += len(labels)
        self.labels.update(labels)
        self.seconds += seconds * len(labels)

    def count(self, records: Iterable[Record]) -> None:
        for record in records:
            first = record.answers[0]
            self.note(record.queue_seconds + record.infer_seconds, first.model.labels[first.best])

    def add(self, other: "Arm") -> None:
        self.requests += other.requests
        self.times = [mine + theirs for mine, theirs in zip(self.times, other.times, strict=True)]
        self.labels.update(other.labels)
        self.seconds += other.seconds

    def over(self, step: int) -> int:
        """How many took longer than a bound."""
        return sum(self.times[step + 1 :])

    def step_of(self, share: float) -> int:
        """The first bound that at most such a share took longer than; the last of all where there is none."""
        left = sum(self.times)
        most = left * share
        for step, number in enumerate(self.times):
            left -= number
            if left <= most:
                return min(step, len(BOUNDS) - 1)
        return 0

    def to_json(self) -> dict[str, Json]:
        return {
            "requests": self.requests,
            "times": list(self.times),
            "labels": dict(self.labels),
            "seconds": self.seconds,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Arm":
        seconds = content.get("seconds", 0.0)  # a part of an older server has none
        return cls(content["requests"], list(content["times"]), Counter(content["labels"]), seconds)


@dataclass
class Tally:
    """Both versions' requests, and what else was found of the canary."""

    canary: Arm = field(default_factory=Arm)
    current: Arm = field(default_factory=Arm)
    late: int = 0  # requests that the canary did not answer in time, which the current version then did
    changed: Counter[str] = field(default_factory=Counter)  # of a shadow: answers that would be others, "3 → 8"
    dropped: int = 0  # pictures that a shadow had no time for
    seconds: float = 0.0  # for which it was tried
    problem: str | None = None  # the first thing that it did and no version may do

    @classmethod
    def of(cls, parts: Sequence[Mapping[str, Any]]) -> "Tally":
        """All workers' together, as `to_json` gives each."""
        whole = cls()
        for part in parts:
            whole.canary.add(Arm.from_json(part["canary"]))
            whole.current.add(Arm.from_json(part["current"]))
            whole.late += part["late"]
            whole.changed.update(part.get("changed", {}))  # a part of before there were shadows has none
            whole.dropped += part.get("dropped", 0)
            whole.seconds = max(whole.seconds, part["seconds"])
            whole.problem = whole.problem or part["problem"]
        whole.canary.requests += whole.late
        whole.canary.times[-1] += whole.late
        return whole

    def to_json(self) -> dict[str, Json]:
        return {
            "canary": self.canary.to_json(),
            "current": self.current.to_json(),
            "late": self.late,
            "changed": dict(self.changed),
            "dropped": self.dropped,
            "seconds": self.seconds,
            "problem": self.problem,
        }
