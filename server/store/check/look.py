"""How the parts of a check look: at one moment of the facts, and at files while others go on writing.

A server may run meanwhile, so what seems wrong between a row and a file is looked at again before it is told: the row
may be gone by now, or the file be named.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sqlalchemy import Connection, Engine, select

from server.store import files
from server.store.annotations import CHUNK
from server.store.content import is_named
from server.store.errors import BrokenArtifact
from server.store.manifest import MANIFEST_LIMIT_BYTES, SHIPPED, Manifest
from server.store.tables import image, model, pending, sample


@dataclass(frozen=True)
class Look:
    """What a check looks at."""

    engine: Engine
    roots: dict[str, Path]  # data and artifacts
    name: str  # of the model that a server here would serve
    baseline: Path
    serves: Callable[[Path, Manifest], None]  # raises BrokenArtifact for a version that a server would refuse
    progress: Callable[[str, int, int], None]  # told of what, how many are done, and of how many

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One moment of the facts; raises SQLAlchemyError."""
        with self.engine.connect() as connection:
            yield connection

    def path(self, root: str, relative: str) -> Path:
        return self.roots[root] / relative

    def is_named(self, root: str, relative: str) -> bool:
        """Whether a fact names a file or folder now."""
        with self.read() as connection:
            return is_named(connection, root, relative)

    def is_pending(self, root: str, relative: str) -> bool:
        """Whether a file or folder is listed as one that is written, or to go."""
        listed = select(pending.c.id).where(pending.c.root == root, pending.c.path == relative).limit(1)
        with self.read() as connection:
            return connection.execute(listed).first() is not None

    def unaccounted(self, root: str, paths: Sequence[str]) -> list[str]:
        """Those of the paths that are there now though no fact names them, and that are not listed as pending."""
        strange = []
        with self.read() as connection:
            for first in range(0, len(paths), CHUNK):
                some = paths[first : first + CHUNK]
                listed = select(pending.c.path).where(pending.c.root == root, pending.c.path.in_(some))
                known = named(connection, root, some) | set(connection.execute(listed).scalars())
                strange += [path for path in some if path not in known]
        return [path for path in strange if self.path(root, path).exists()]


def named(connection: Connection, root: str, paths: Sequence[str]) -> set[str]:
    """Those of the paths that a fact names; of pictures by one query."""
    if root != "data":
        return {path for path in paths if is_named(connection, root, path)}
    found = set()
    for table, is_of in ((image, False), (sample, True)):
        stems = [PurePosixPath(path).stem for path in paths if path.startswith("samples/") == is_of]
        query = select(table.c.sha256).where(table.c.model_id.in_(select(model.c.id)), table.c.sha256.in_(stems))
        found |= {(is_of, sha256) for sha256 in connection.execute(query).scalars()}
    return {path for path in paths if (path.startswith("samples/"), PurePosixPath(path).stem) in found}


def wrong_files(folder: Path, manifest: Manifest) -> list[str]:
    """What is wrong with the files that a manifest lists, each by size and sha256."""
    wrong = []
    for file, (sha256, size) in sorted(manifest.files.items()):
        try:
            found = files.digest(folder / file, size, alone=manifest.version != SHIPPED)
        except FileNotFoundError:
            wrong.append(f"{file} is missing")
        except OSError as error:
            wrong.append(f"{file} can't be read: {error.strerror}")
        else:
            if found != (sha256, size):
                wrong.append(f"{file} is not the file that the manifest lists: {found[1]:,} bytes, sha256 {found[0]}")
    return wrong


def read_manifest_file(folder: Path) -> tuple[bytes, Manifest]:
    """The bytes of a manifest, and what they say; raises BrokenArtifact."""
    try:
        data = files.read_regular(folder / "manifest.json", MANIFEST_LIMIT_BYTES)
    except OSError as error:
        raise BrokenArtifact(f"manifest.json can't be read: {error.strerror}") from None
    return data, Manifest.from_json(data)
