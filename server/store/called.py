"""What labels are read as: the rows have what was said, and the classes may be called otherwise since then."""

from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from server.store.annotations import Known, Label
from server.store.classes import vocabulary_in


def called_in(connection: Connection, model_id: int) -> Callable[[Label], Label | None]:
    """What the class of a label is called now; None for one that was removed."""
    vocabulary = vocabulary_in(connection, model_id)
    return vocabulary.of if vocabulary is not None else lambda label: label


def shown_in(connection: Connection, model_id: int) -> Callable[[Label | None], Label | None]:
    """The same for a list: a label of a class that was removed as it was said."""
    called = called_in(connection, model_id)
    return lambda label: label if label is None else called(label) or label


def said_in(connection: Connection, model_id: int, name: Label | None) -> tuple[Label, ...]:
    """The labels by which pictures were given a class."""
    vocabulary = vocabulary_in(connection, model_id) if name is not None else None
    return vocabulary.said(name) if vocabulary is not None and name is not None else ()


def read_as(connection: Connection, model_id: int, known: Mapping[str, Known]) -> dict[str, Known]:
    """What holds of images, by what the classes are called now."""
    shown = shown_in(connection, model_id)
    return {sha256: Known(shown(each.label), shown(each.suspected)) for sha256, each in known.items()}
