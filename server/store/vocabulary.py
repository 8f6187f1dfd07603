"""The classes of a model, as the decisions about them left them: what they are called, and what every name stands for.

A name keeps its meaning: what once stood for a class stands for it, or for what that became, and is no other's name. So
a picture's label stays what was said of it, and is read by what the classes are called now.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from unicodedata import category

from server.store.errors import Conflict, NotFound, UnusableLabel
from server.store.tables import clean

NAME_LIMIT = 100  # characters
CLASSES_MOST = 10_000
LEAST = 2
_BREAKING = ("Cc", "Zl", "Zp")  # control characters and ends of lines; what joins letters, or emoji, is none of these


class Kind(StrEnum):
    """What is decided about a class."""

    BASE = "base"  # it was there before anything was decided, with pictures in the base dataset
    BEGIN = "begin"  # the model begins with it, from nothing
    ADD = "add"
    RENAME = "rename"
    MERGE = "merge"
    REMOVE = "remove"


@dataclass(frozen=True)
class Change:
    """One decision about one class."""

    kind: Kind
    name: str
    becomes: str | None = None  # of a rename and a merge


@dataclass(frozen=True)
class Vocabulary:
    """Names are in the order of the model's outputs. Made anew by each change."""

    names: tuple[str, ...] = ()
    stands_for: dict[str, str] = field(default_factory=dict)  # every name that was ever given, also of removed classes
    based: frozenset[str] = frozenset()  # names that the base dataset may have pictures under

    @property
    def has_base(self) -> bool:
        return bool(self.based)

    def of(self, label: str) -> str | None:
        """What the class of a label is called now; None for one that was removed or never was."""
        name = self.stands_for.get(label)
        return name if name in self.names else None

    def said(self, name: str) -> tuple[str, ...]:
        """The labels by which pictures were given a class, which may be one that was removed."""
        return (name, *(label for label, of in self.stands_for.items() if of == name != label))

    def taught_by_uploads(self) -> tuple[str, ...]:
        """The classes of which the base dataset has no picture."""
        with_base = {self.of(name) for name in self.based}
        return tuple(name for name in self.names if name not in with_base)

    def changed(self, change: Change) -> "Vocabulary":
        """What a change makes of it; raises NotFound, Conflict or UnusableLabel where it can't be made."""
        match change.kind:
            case Kind.BASE | Kind.BEGIN | Kind.ADD:
                return self._with(change)
            case Kind.RENAME:
                return self._renamed(change.name, change.becomes or "")
            case Kind.MERGE:
                return self._merged(change.name, change.becomes or "")
        return self._without(change.name)

    def _with(self, change: Change) -> "Vocabulary":
        if change.kind is not Kind.BASE:
            self._check_name(change.name)
        taken = self.stands_for.get(change.name, change.name)
        if change.name in self.names or taken in self.names:
            raise Conflict(f"there is a class {change.name!r} already" + self._known_as(change.name))
        if len(self.names) >= CLASSES_MOST:
            raise Conflict(f"there are {CLASSES_MOST:,} classes, the most that a model may have")
        based = self.based | {change.name} if change.kind is Kind.BASE else self.based
        return Vocabulary((*self.names, change.name), self.stands_for | {change.name: change.name}, based)

    def _renamed(self, name: str, becomes: str) -> "Vocabulary":
        self._check_there(name)
        self._check_name(becomes)
        if becomes == name:
            raise Conflict(f"class {name!r} is called that already")
        if self.stands_for.get(becomes, name) != name:
            raise Conflict(
                f"{becomes!r} is, or was, the name of another class, and pictures were taught under it; choose another "
                "name, or merge the two"
            )
        return self._moved(tuple(becomes if each == name else each for each in self.names), name, becomes)

    def _merged(self, name: str, into: str) -> "Vocabulary":
        self._check_there(name)
        self._check_there(into)
        if name == into:
            raise Conflict(f"class {name!r} can't be merged with itself")
        return self._moved(self._less(name), name, into)

    def _without(self, name: str) -> "Vocabulary":
        self._check_there(name)
        return Vocabulary(self._less(name), self.stands_for, self.based)

    def _moved(self, names: tuple[str, ...], name: str, becomes: str) -> "Vocabulary":
        """All that stood for one class stands for another name."""
        moved = {each: becomes if of == name else of for each, of in self.stands_for.items()}
        return Vocabulary(names, moved | {becomes: becomes}, self.based)

    def _less(self, name: str) -> tuple[str, ...]:
        if len(self.names) <= LEAST:
            raise Conflict(f"a model has two classes at least, and has {len(self.names)}: {', '.join(self.names)}")
        return tuple(each for each in self.names if each != name)

    def _check_there(self, name: str) -> None:
        if name not in self.names:
            raise NotFound(f"there is no class {name[:NAME_LIMIT]!r}{self._known_as(name)}; GET /classes lists them")

    def _known_as(self, name: str) -> str:
        now = self.of(name)
        return f", which is called {now!r} now" if now not in (None, name) else ""

    def _check_name(self, name: str) -> None:
        breaks = any(category(letter) in _BREAKING for letter in name)
        if not 0 < len(name) <= NAME_LIMIT or name != name.strip() or breaks or name != clean(name):
            raise UnusableLabel(
                f"{name[:NAME_LIMIT]!r} can't be the name of a class: it has to have from 1 to {NAME_LIMIT} characters "
                "in one line, and no blanks around them"
            )


def made_by(changes: Iterable[Change]) -> Vocabulary:
    """What changes made, one after another, leave."""
    vocabulary = Vocabulary()
    for change in changes:
        vocabulary = vocabulary.changed(change)
    return vocabulary
