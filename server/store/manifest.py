"""What a version promises: its contract, and the hashes of its files. It is the last file written into a version."""

import errno
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from server.pictures.preprocessing import Preprocessing
from server.store import files
from server.store.errors import BrokenArtifact
from server.store.files import Json

SCHEMA = 1
MANIFEST_LIMIT_BYTES = 4 * 2**20
FILE_LIMIT_BYTES = 256 * 2**20  # no file of an artifact is read beyond this
FILES_LIMIT = 64  # in a version
SHIPPED = "0"  # the version that came with the code, whose files an installer may have linked from its cache
_FILE = re.compile(r"(report/)?[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")  # a name that leads nowhere else


@dataclass(frozen=True)
class Manifest:
    """The contract of one version of one model."""

    name: str
    version: str
    created_at: str
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    outputs: tuple[str, ...]  # "probabilities", and "score" where the model has one
    files: dict[str, tuple[str, int]]  # name -> (sha256, bytes)
    opset: int

    def to_json(self) -> bytes:
        shape: list[Json] = ["N", *self.preprocessing.shape]
        shapes: dict[str, list[Json]] = {"probabilities": ["N", len(self.labels)], "score": ["N"]}
        content = {
            "schema": SCHEMA,
            "name": self.name,
            "version": self.version,
            "created_at": self.created_at,
            "labels": self.labels,
            "input": {"name": "image", "dtype": "uint8", "shape": shape},
            "outputs": {name: {"dtype": "float32", "shape": shapes[name]} for name in self.outputs},
            "preprocessing": self.preprocessing.to_json(),
            "files": {name: {"sha256": sha, "bytes": size} for name, (sha, size) in sorted(self.files.items())},
            "opset": self.opset,
        }
        return json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"

    @property
    def sha256(self) -> str:
        """Of manifest.json."""
        return hashlib.sha256(self.to_json()).hexdigest()

    @classmethod
    def from_json(cls, data: bytes) -> "Manifest":
        """Raises BrokenArtifact if a part is missing or not of its type."""
        try:
            content = json.loads(data)
            if content["schema"] != SCHEMA:
                raise BrokenArtifact(f"the manifest's schema is {content['schema']!r}; this server reads {SCHEMA}")
            preprocessing = Preprocessing(**content["preprocessing"])
            made = cls(
                name=str(content["name"]),
                version=str(content["version"]),
                created_at=str(content["created_at"]),
                labels=tuple(str(label) for label in content["labels"]),
                preprocessing=preprocessing,
                outputs=tuple(str(output) for output in content["outputs"]),
                files={name: (str(entry["sha256"]), int(entry["bytes"])) for name, entry in content["files"].items()},
                opset=int(content["opset"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise BrokenArtifact(f"the manifest can't be read: {error!r}") from None
        words = [made.name, made.version, made.created_at, *made.labels, *(sha256 for sha256, _ in made.files.values())]
        if any("\ud800" <= letter <= "\udfff" for letter in "".join(words)):
            raise BrokenArtifact("the manifest has half of a surrogate pair in it, which can't be written")
        sizes = (*preprocessing.shape, preprocessing.number)
        if len(made.files) > FILES_LIMIT or not all(map(_FILE.fullmatch, made.files)):
            raise BrokenArtifact(f"the manifest lists over {FILES_LIMIT} files, or one that is none of a version")
        if not all(type(size) is int and 0 < size <= 1024 for size in sizes) or not preprocessing.known:
            raise BrokenArtifact(f"the manifest's preprocessing is not one this server has: {preprocessing}")
        if len(made.labels) < 2 or len(set(made.labels)) != len(made.labels):
            raise BrokenArtifact("the manifest's labels must be two or more, all different")
        if not {"probabilities"} <= set(made.outputs) <= {"probabilities", "score"}:
            raise BrokenArtifact(f"the manifest's outputs are {made.outputs}; expected probabilities and perhaps score")
        return made


def read_manifest(folder: Path, name: str, version: str) -> Manifest:
    """The manifest of a version's folder; raises BrokenArtifact if it is missing, malformed, or another's."""
    try:
        data = files.read_regular(folder / "manifest.json", MANIFEST_LIMIT_BYTES, alone=version != SHIPPED)
    except OSError as error:
        raise BrokenArtifact(f"version {version} has no manifest that can be read: {error.strerror}") from None
    manifest = Manifest.from_json(data)
    if (manifest.name, manifest.version) != (name, version):
        raise BrokenArtifact(f"the manifest in {name}/{version} is of {manifest.name}/{manifest.version}")
    return manifest


def read_listed(folder: Path, manifest: Manifest, file: str, limit_bytes: int = FILE_LIMIT_BYTES) -> bytes:
    """The bytes of a file that a manifest lists, checked against it; raises BrokenArtifact."""
    _, size = _listed(manifest, file)
    try:
        data = files.read_regular(folder / file, min(size + 1, limit_bytes), alone=manifest.version != SHIPPED)
    except OSError as error:
        raise _unreadable(manifest, file, error) from None
    _compare(manifest, file, (hashlib.sha256(data).hexdigest(), len(data)))
    return data


def verify_listed(folder: Path, manifest: Manifest, file: str) -> None:
    """Raise BrokenArtifact where `read_listed` would; holds a piece of the file at a time."""
    _, size = _listed(manifest, file)
    try:
        if size > FILE_LIMIT_BYTES:
            raise OSError(errno.EFBIG, f"larger than {FILE_LIMIT_BYTES} bytes")
        found = files.digest(folder / file, size, alone=manifest.version != SHIPPED)
    except OSError as error:
        raise _unreadable(manifest, file, error) from None
    _compare(manifest, file, found)


def _listed(manifest: Manifest, file: str) -> tuple[str, int]:
    if file not in manifest.files:
        raise BrokenArtifact(f"the manifest of version {manifest.version} lists no {file}")
    return manifest.files[file]


def _unreadable(manifest: Manifest, file: str, error: OSError) -> BrokenArtifact:
    return BrokenArtifact(f"{file} of version {manifest.version} can't be read: {error.strerror}")


def _compare(manifest: Manifest, file: str, found: tuple[str, int]) -> None:
    if found != manifest.files[file]:
        raise BrokenArtifact(f"{file} of version {manifest.version} is not the file its manifest lists: hash differs")
