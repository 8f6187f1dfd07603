"""A candidate's files become a version: all there, or not there at all, whenever it is stopped.

a number and its folder, listed as pending -> files, fsync -> manifest last -> one transaction: version, move, job.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from server.pictures.preprocessing import Preprocessing
from server.store import files
from server.store.content import candidate_path
from server.store.figures import figures_of
from server.store.lease import Lease
from server.store.manifest import MANIFEST_LIMIT_BYTES, Manifest, read_listed
from server.store.memory import Memory


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

    @property
    def report(self) -> dict[str, Any]:
        """The figures that it comes with."""
        data = self.contents.get("report/report.json", b"{}")
        content: dict[str, Any] = json.loads(data)
        return content


def publish(
    memory: Memory,
    candidate: Candidate,
    expected: str | None,
    by: str,
    reason: str = "",
    job: str | None = None,
    announce: Callable[[str], None] = lambda _: None,
    also: Callable[[Connection, str], None] = lambda *_: None,
    serves: bool = True,
) -> str:
    """Publish, and make current if it `serves`, if the current version is still `expected`; the new version.

    `announce` is told the version before it becomes visible; what `also` changes, given the version, becomes lasting
    together with it. Raises CurrentMoved, and then nothing was published, or what `announce` and `also` raise.
    """
    versions = memory.versions
    reservation = versions.reserve()
    version = reservation.version
    try:
        manifest = candidate.manifest(versions.name, version)
        write(reservation.folder, candidate, manifest)
        announce(version)
        versions.publish(
            reservation,
            manifest,
            candidate.report,
            expected,
            by,
            reason,
            job,
            lambda connection: also(connection, version),
            serves,
        )
    except BaseException:
        versions.give_up(reservation)
        raise
    return version


def keep_refused(
    memory: Memory,
    candidate: Candidate,
    lease: Lease,
    result: dict[str, Any],
    also: Callable[[Connection], object] = lambda _: None,
) -> Path:
    """Conclude a job as refused, and keep its candidate under its number, to be looked at or promoted by hand.

    What `also` changes becomes lasting together with it.
    """
    path = candidate_path(lease.job)
    claim = memory.content.claim("artifacts", [path])
    try:
        folder = memory.content.path("artifacts", path)
        write(folder, candidate, candidate.manifest(memory.versions.name, f"candidate-{lease.job}"))
        with memory.database.write() as connection:
            memory.content.settle(connection, claim)
            lease.conclude(connection, result, figures_of(candidate.report))
            also(connection)
    except BaseException:
        memory.content.drop(claim)
        raise
    return folder


def read_candidate(memory: Memory, job: str) -> tuple[Manifest, Candidate]:
    """A kept candidate, its files checked against its manifest; raises BrokenArtifact or OSError."""
    folder = memory.content.path("artifacts", candidate_path(job))
    manifest = Manifest.from_json(files.read_regular(folder / "manifest.json", MANIFEST_LIMIT_BYTES))
    contents = {file: read_listed(folder, manifest, file) for file in manifest.files}
    return manifest, Candidate(manifest.labels, manifest.preprocessing, manifest.outputs, manifest.opset, contents)


def write(folder: Path, candidate: Candidate, manifest: Manifest) -> None:
    """Write every file durably, the manifest last."""
    assert set(manifest.files) == set(candidate.contents)
    for parent in {(folder / file).parent for file in candidate.contents}:
        files.make_folder(parent)
    files.write_all({folder / file: data for file, data in candidate.contents.items()})
    files.write_atomically(folder / "manifest.json", manifest.to_json())


def with_file(candidate: Candidate, file: str, data: bytes) -> Candidate:
    """The candidate with one file more, or replaced."""
    return replace(candidate, contents=candidate.contents | {file: data})
