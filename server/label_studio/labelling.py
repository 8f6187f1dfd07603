"""A project's labelling configuration: which of its controls a classification is, and what its choices stand for."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from server.store.annotations import Label
from server.store.errors import UnusableLabel
from server.store.files import Json
from server.web.errors import Malformed

LIMIT = 2**17  # characters
_DECLARATION = re.compile(r"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_KEY = re.compile(r"\$([\w.-]+)")
_EXAMPLE = '<Image name="image" value="$image"/> <Choices name="digit" toName="image">…</Choices>'


@dataclass(frozen=True)
class Choice:
    """What a person may choose."""

    said: str  # as it stands in a result
    predicted: frozenset[Label]  # labels that the project says it stands for

    def is_for(self, label: Label) -> bool:
        return label == self.said if not self.predicted else label in self.predicted


@dataclass(frozen=True)
class Labelling:
    """The first <Choices> that are about an <Image>."""

    control: str
    image: str
    key: str  # of a task's data
    choices: tuple[Choice, ...]  # none: they are made by each task

    def choice_of(self, label: Label) -> str:
        """What is chosen for a label; raises UnusableLabel."""
        if not self.choices:
            return label
        exact = (each.said for each in self.choices if each.is_for(label))
        alike = (each.said for each in self.choices if each.said.lower() == label.lower() and not each.predicted)
        found = next(exact, None) or next(alike, None)
        if found is None:
            raise UnusableLabel(
                f"the label {label!r} is none of the project's choices; add it, or name it in a choice's "
                "predicted_values"
            )
        return found

    def label_of(self, said: str, labels: Sequence[Label]) -> Label:
        """What a choice stands for among the model's labels; where that is none, the choice itself."""
        of_label: Mapping[Label, str | None] = {label: self._choice_or_none(label) for label in labels}
        found = [label for label, choice in of_label.items() if choice == said]
        if len(found) > 1:
            raise UnusableLabel(f"the choice {said[:40]!r} stands for {', '.join(found[:5])}: which is it?")
        return found[0] if found else said

    def _choice_or_none(self, label: Label) -> str | None:
        try:
            return self.choice_of(label)
        except UnusableLabel:
            return None


def labelling_of(text: Json) -> Labelling:
    """Raises Malformed for what is no configuration, or none of a classification of pictures."""
    root = _tree(text)
    images = {each.get("name"): each.get("value", "") for each in root.iter("Image")}
    for control in root.iter("Choices"):
        image = control.get("toName", "").split(",")[0]
        key = _KEY.fullmatch(images.get(image, ""))
        if key is not None and control.get("name"):
            return Labelling(control.get("name", ""), image, key[1], tuple(map(_choice, control.iter("Choice"))))
    raise Malformed(f"the labelling configuration has no <Choices> about an <Image>, such as {_EXAMPLE}")


def is_begun(text: Json) -> bool:
    """Whether a configuration says anything yet: a new project's is an empty view."""
    return text is not None and text != "" and len(_tree(text)) > 0


def _tree(text: Json) -> ElementTree.Element:
    """The configuration's elements. What declares entities is not even parsed: they can grow without end."""
    if not isinstance(text, str) or len(text) > LIMIT or _DECLARATION.search(text):
        raise Malformed(f"the labelling configuration must be XML of at most {LIMIT:,} characters, and declare nothing")
    try:
        return ElementTree.fromstring(text)  # noqa: S314 - declares nothing
    except (ElementTree.ParseError, ValueError) as error:
        raise Malformed(f"the labelling configuration is no XML: {error}") from None


def _choice(element: ElementTree.Element) -> Choice:
    said = element.get("alias", "") or element.get("value", "")
    predicted = (word.strip() for word in element.get("predicted_values", "").split(","))
    return Choice(said, frozenset(word for word in predicted if word))
