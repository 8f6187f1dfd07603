"""The model that ships with the checkout: what the servers under test serve, and what most of model/ measures."""

from pathlib import Path

from export.publish import Candidate
from server.models import model
from server.store.manifest import Manifest, read_listed, read_manifest

FOLDER = Path("artifacts/baseline")


def manifest() -> Manifest:
    return read_manifest(FOLDER, "digits", "0")


def load(batch_limit: int) -> model.Model:
    """The model, warmed up for batches of up to so many images."""
    return model.load(FOLDER, manifest(), batch_limit)


def candidate() -> Candidate:
    """The model as something to publish: a version that is published of it has its very files."""
    read = manifest()
    contents = {file: read_listed(FOLDER, read, file) for file in read.files}
    return Candidate(read.labels, read.preprocessing, read.outputs, read.opset, contents)
