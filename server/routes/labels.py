"""Which labels a picture may be given: the classes as they were decided, or those of the model that serves."""

from collections.abc import Sequence

from server.routes.service import Service
from server.store.annotations import Label
from server.store.errors import UnusableLabel


def labels_of(service: Service) -> tuple[Label, ...]:
    """Reads the database; raises NoModel where there is neither a version nor a class."""
    vocabulary = service.memory.classes.vocabulary()
    return vocabulary.names if vocabulary is not None else service.predictor.model.labels


def check_label(label: Label, labels: Sequence[Label]) -> None:
    """Raise UnusableLabel for one that is none of them."""
    if label not in labels:
        raise UnusableLabel(f"{label[:40]!r} is no label of this model; the labels are {', '.join(labels)}")
