"""The model that ships with the checkout: what the servers under test serve, and what most of model/ measures."""

from pathlib import Path

from server.store.artifacts import BASELINE, ArtifactStore

from server.models import model

FOLDER = Path("artifacts/baseline")


def load(batch_limit: int) -> model.Model:
    """The model, warmed up for batches of up to so many images."""
    store = ArtifactStore(Path("artifacts"), "digits", FOLDER)
    return model.load(store.folder(BASELINE), store.manifest(BASELINE), batch_limit)
