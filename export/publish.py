"""A candidate's files become a version: all there, or not there at all, whenever it is stopped.

temp folder -> files, fsync -> manifest last -> rename to the version's number -> fsync of the parent -> pointer.
"""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from server.pictures.preprocessing import Preprocessing
from server.store import files
from server.store.artifacts import ArtifactStore, Manifest, read_listed


@dataclass(frozen=True)
class Candidate:
    """A verified model that is not published yet: its contract, and its files by their names in the version."""

    labels: tuple[str, ...]
    preprocessing: Preprocessing
    outputs: tuple[str, ...]
    opset: int
    contents: dict[str, bytes]

    def manifest(self, name: str, version: str) -> Manifest:
        return Manifest(
            name=name,
            version=version,
            created_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            labels=self.labels,
            preprocessing=self.preprocessing,
            outputs=self.outputs,
            files={file: (hashlib.sha256(data).hexdigest(), len(data)) for file, data in self.contents.items()},
            opset=self.opset,
        )


def publish(
    store: ArtifactStore, candidate: Candidate, expected: str | None, by: str, announce: Callable[[str], None]
) -> str:
    """Publish and make current, if the current version is still `expected`; the new version.

    `announce` is told the version before it becomes visible. Raises CurrentMoved, and then nothing was published.
    """
    with store.pointer(expected) as move:
        sweep(store.models)
        version = store.next_version()
        temp = store.models / f"{files.TEMP_PREFIX}{version}"
        write(temp, candidate, candidate.manifest(store.name, version))
        announce(version)
        temp.rename(store.models / version)
        files.sync_folder(store.models)
        move(version, by, "published")
    return version


def keep_refused(store: ArtifactStore, candidate: Candidate, job: str) -> Path:
    """Put a refused candidate under its job's number, for people to look at or promote by hand.

    To be called by the one that holds the jobs' lock.
    """
    folder = store.candidates / job
    store.candidates.mkdir(parents=True, exist_ok=True)
    sweep(store.candidates)
    temp = store.candidates / f"{files.TEMP_PREFIX}{job}"
    write(temp, candidate, candidate.manifest(store.name, f"candidate-{job}"))
    temp.rename(folder)
    files.sync_folder(store.candidates)
    return folder


def read_candidate(store: ArtifactStore, job: str) -> Candidate:
    """A kept candidate, its files checked against its manifest; raises BrokenArtifact or OSError."""
    folder = store.candidates / job
    manifest = Manifest.from_json(files.read_regular(folder / "manifest.json", 2**20))
    contents = {file: read_listed(folder, manifest, file) for file in manifest.files}
    return Candidate(manifest.labels, manifest.preprocessing, manifest.outputs, manifest.opset, contents)


def write(folder: Path, candidate: Candidate, manifest: Manifest) -> None:
    """Write every file durably, the manifest last."""
    assert set(manifest.files) == set(candidate.contents)
    (folder / "report").mkdir(parents=True)
    files.write_all({folder / file: data for file, data in candidate.contents.items()})
    files.write_atomically(folder / "manifest.json", manifest.to_json())


def sweep(parent: Path) -> None:
    """Remove what a process that was stopped left behind; to be called while holding what keeps others from writing."""
    for left in parent.glob(files.TEMP_PREFIX + "*"):
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()


def with_file(candidate: Candidate, file: str, data: bytes) -> Candidate:
    """The candidate with one file more, or replaced."""
    return replace(candidate, contents=candidate.contents | {file: data})
