"""Manifests: what is taken can be written again, and then says the same."""

import json
from pathlib import Path

from server.models.trial import fingerprint, loaded_files
from server.store.errors import BrokenArtifact
from server.store.manifest import Manifest

SHIPPED = Path(__file__).parents[2] / "artifacts/baseline/manifest.json"


def seeds() -> list[bytes]:
    whole = SHIPPED.read_bytes()
    content = json.loads(whole)
    entry = {"sha256": "0" * 64, "bytes": 1}
    small = content | {"labels": ["a", "\u00e4", "\ud800"], "files": {"model.onnx": entry, "golden.npz": entry}}
    colour = small | {"preprocessing": {"mode": "resize", "height": 32, "width": 32, "channels": 3}}
    return [whole, json.dumps(small).encode(), json.dumps(colour | {"outputs": ["probabilities", "score"]}).encode()]


def check(data: bytes) -> None:
    try:
        found = Manifest.from_json(data)
    except BrokenArtifact as error:
        str(error).encode()  # it is logged, and told to clients
        return
    assert Manifest.from_json(found.to_json()) == found
    assert len(found.sha256) == 64
    if set(loaded_files(found)) <= set(found.files):
        fingerprint(found)
    assert found.preprocessing.is_like(found.preprocessing)
