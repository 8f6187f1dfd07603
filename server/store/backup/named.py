"""The files that facts name, and which of them are there."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, select

from server.store.check.look import read_manifest_file
from server.store.content import candidate_path, job_path, picture_path, sample_path, version_path
from server.store.errors import BrokenArtifact
from server.store.files import OUR_FILES
from server.store.tables import image, job, model, sample, version


class Named:
    """What facts name, asked again and again while files come and go."""

    def __init__(self, roots: dict[str, Path]) -> None:
        self._artifacts = roots["artifacts"]
        self._listed: dict[str, list[str]] = {}  # what manifests said, which may be gone when it is asked again

    def files(self, connection: Connection) -> Iterator[tuple[str, str, str]]:
        """Of each its root, the path below it that a fact names, and its own place in that, "" for a file itself."""
        for row in connection.execute(select(image.c.sha256, image.c.split).distinct()):
            yield "data", picture_path(row.sha256), ""
        for sha256 in connection.execute(select(sample.c.sha256).distinct()).scalars():
            yield "data", sample_path(sha256), ""
        kept = select(model.c.name, version.c.number).join(model, model.c.id == version.c.model_id)
        for name, number in connection.execute(kept.where(version.c.pruned == 0)):
            yield from self._artifact(version_path(name, number))
        for number in connection.execute(select(job.c.id).where(job.c.candidate.is_not(None))).scalars():
            yield from self._artifact(candidate_path(number))
        for number in connection.execute(select(job.c.id)).scalars():
            for file in self._there(job_path(number)):
                yield "artifacts", job_path(number), file

    def _artifact(self, path: str) -> Iterator[tuple[str, str, str]]:
        """The files of a version or a candidate; where its manifest can't be read what is there, and the manifest."""
        if path not in self._listed:
            try:
                _, manifest = read_manifest_file(self._artifacts / path)
            except BrokenArtifact:
                yield from (("artifacts", path, file) for file in {*self._there(path), "manifest.json"})
                return
            self._listed[path] = [*manifest.files, "manifest.json"]
        for file in self._listed[path]:
            yield "artifacts", path, file

    def _there(self, path: str) -> list[str]:
        return [file for file in sorted(OUR_FILES) if (self._artifacts / path / file).is_file()]
