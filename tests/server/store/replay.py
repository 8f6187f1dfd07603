"""A plain model of a dataset: all that was done, in a list, and what holds after it, worked out from the start."""

from collections import Counter
from dataclasses import dataclass, field

from server.store import fingerprint
from server.store.dataset import split_of


@dataclass(frozen=True)
class Word:
    """What an upload says of one picture."""

    sha256: str
    label: str
    doubted: bool


@dataclass(frozen=True)
class Upload:
    words: tuple[Word, ...]


@dataclass(frozen=True)
class Accept:
    sha256: str


@dataclass(frozen=True)
class Reject:
    sha256: str


@dataclass(frozen=True)
class Remove:
    sha256: str


@dataclass(frozen=True)
class Undo:
    batch: int  # counted from 0 over the uploads that made one


Deed = Upload | Accept | Reject | Remove | Undo


@dataclass
class Said:
    """One word that stands."""

    batch: int
    label: str
    doubted: bool


@dataclass
class State:
    """What holds after some deeds."""

    said: dict[str, list[Said]] = field(default_factory=dict)  # image -> words, oldest first
    batches: list[int] = field(default_factory=list)  # that were not undone
    made: int = 0  # batches, undone ones included
    decisions: int = 0

    def do(self, deed: Deed) -> bool:
        """Whether the deed changed anything."""
        done = self._do(deed)
        self.said = {sha256: words for sha256, words in self.said.items() if words}
        self.decisions += done
        return done

    def _do(self, deed: Deed) -> bool:
        match deed:
            case Upload(words):
                return self._upload(words)
            case Accept(sha256):
                if self.suspected(sha256) is None:
                    return False
                self.said[sha256][-1].doubted = False
            case Reject(sha256):
                if self.suspected(sha256) is None:
                    return False
                while self.said[sha256] and self.said[sha256][-1].doubted:
                    self.said[sha256].pop()
            case Remove(sha256):
                return self.said.pop(sha256, None) is not None
            case Undo(batch):
                if batch not in self.batches:
                    return False
                self.batches.remove(batch)
                for sha256, said in self.said.items():
                    self.said[sha256] = [each for each in said if each.batch != batch]
        return True

    def _upload(self, words: tuple[Word, ...]) -> bool:
        new = False
        for word in words:
            label, suspected = self.label(word.sha256), self.suspected(word.sha256)
            if word.label == label and (word.doubted or suspected is None):
                continue
            if word.doubted and word.label == suspected:
                continue
            earlier = self.said.setdefault(word.sha256, [])
            earlier[:] = [each for each in earlier if each.batch != self.made or (word.doubted and not each.doubted)]
            earlier.append(Said(self.made, word.label, word.doubted))
            new = True
        if new:
            self.batches.append(self.made)
            self.made += 1
        return new

    def label(self, sha256: str) -> str | None:
        plain = [each.label for each in self.said.get(sha256, []) if not each.doubted]
        return plain[-1] if plain else None

    def suspected(self, sha256: str) -> str | None:
        said = self.said.get(sha256, [])
        return said[-1].label if said and said[-1].doubted else None

    def labels(self) -> dict[str, str]:
        return {sha256: label for sha256 in self.said if (label := self.label(sha256)) is not None}

    def suspects(self) -> dict[str, str]:
        return {sha256: label for sha256 in self.said if (label := self.suspected(sha256)) is not None}

    def counts(self) -> dict[tuple[str, str], int]:
        return dict(Counter((split_of(sha256), label) for sha256, label in self.labels().items()))

    def fingerprint(self) -> str:
        members = (fingerprint.member(sha256, split_of(sha256), label) for sha256, label in self.labels().items())
        return f"{sum(members) % 2**256:064x}"


def replay(deeds: list[Deed]) -> State:
    """What holds after deeds, from nothing."""
    state = State()
    for deed in deeds:
        state.do(deed)
    return state
