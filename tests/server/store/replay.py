"""A plain model of a dataset: all that was done, in a list, and what holds after it, worked out from the start."""

from collections import Counter
from dataclasses import dataclass, field

from server.store import fingerprint
from server.store.split import split_of
from server.store.standing import Revision


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
    batch: int  # counted from 0 over the uploads and revisions that made one


@dataclass(frozen=True)
class Revise:
    revision: Revision
    sha256s: tuple[str, ...]
    label: str | None


Deed = Upload | Accept | Reject | Remove | Undo | Revise


@dataclass
class Said:
    """One word that stands."""

    batch: int
    label: str
    doubted: bool
    revision: Revision | None = None


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
        self.said = {sha256: words for sha256, words in self.said.items() if any(not each.revision for each in words)}
        self.decisions += done
        return done

    def _do(self, deed: Deed) -> bool:
        match deed:
            case Upload(words):
                return self._upload(words)
            case Accept(sha256):
                if self.suspected(sha256) is None:
                    return False
                self.open(sha256)[-1].doubted = False
            case Reject(sha256):
                if self.suspected(sha256) is None:
                    return False
                for each in self.open(sha256):
                    self.said[sha256].remove(each)
            case Remove(sha256):
                return self.said.pop(sha256, None) is not None
            case Undo(batch):
                if batch not in self.batches:
                    return False
                self.batches.remove(batch)
                for sha256, said in self.said.items():
                    self.said[sha256] = [each for each in said if each.batch != batch]
            case Revise():
                return self._revise(deed)
        return True

    def _revise(self, deed: Revise) -> bool:
        known = [sha256 for sha256 in dict.fromkeys(deed.sha256s) if sha256 in self.said]
        if len(known) < len(set(deed.sha256s)):
            return False
        words = []
        for sha256 in known:
            label, suspected = self.label(sha256), self.suspected(sha256)
            differs = {Revision.RELABEL: label != deed.label, Revision.REMOVE: label is not None}
            if suspected is not None or differs.get(deed.revision, False):
                words.append((sha256, Said(self.made, deed.label or suspected or label or "", False, deed.revision)))
        for sha256, word in words:
            self.said[sha256].append(word)
        if words:
            self.batches.append(self.made)
            self.made += 1
        return bool(words)

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

    def holds(self, sha256: str) -> tuple[str | None, list[Said]]:
        """The label in force, and the suspicions since."""
        label, doubts = None, list[Said]()
        for each in self.said.get(sha256, []):
            if each.doubted:
                doubts.append(each)
            elif each.revision in ("accept", "reject"):
                if doubts and doubts[-1].label == each.label:
                    label, doubts = each.label if each.revision == "accept" else label, []
            else:
                label, doubts = None if each.revision == "remove" else each.label, []
        return label, doubts

    def label(self, sha256: str) -> str | None:
        return self.holds(sha256)[0]

    def open(self, sha256: str) -> list[Said]:
        return self.holds(sha256)[1]

    def suspected(self, sha256: str) -> str | None:
        doubts = self.open(sha256)
        return doubts[-1].label if doubts else None

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
