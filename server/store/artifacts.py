"""The artifact store: versions of a model, the pointer to the one that serves, and the log of its moves.

    <root>/models/<name>/<version>/      immutable once visible; version is a whole number that counts up
    <root>/models/<name>/current.json    the pointer
    <root>/models/<name>/promotions.jsonl
    <baseline>/                          version "0", shipped with the checkout, served while there is no pointer

Only what `pointer` gives moves the pointer. What is written into a version is export/publish.py's business.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, cast

from server.pictures.preprocessing import MODES, Preprocessing
from server.store import files
from server.store.files import Json

SCHEMA = 1
BASELINE = "0"
FILE_LIMIT_BYTES = 256 * 2**20  # no file of an artifact is read beyond this

Reason = Literal["published", "promoted", "rolled back"]


class BrokenArtifact(Exception):
    """A version that can't be served; the message says what is wrong with it."""


class CurrentMoved(Exception):
    """The pointer is not where the caller thought; nothing was changed."""


@dataclass(frozen=True)
class Manifest:
    """What a version promises: its contract and the hashes of its files. It is the last file written into a version."""

    name: str
    version: str
    created_at: str
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    outputs: tuple[str, ...]  # "probabilities", and "score" where the model has one
    files: dict[str, tuple[str, int]]  # name -> (sha256, bytes)
    opset: int

    def to_json(self) -> bytes:
        shape: list[Json] = [
            "N",
            self.preprocessing.height,
            self.preprocessing.width,
            self.preprocessing.channels,
        ]
        shapes: dict[str, list[Json]] = {"probabilities": ["N", len(self.labels)], "score": ["N"]}
        content = {
            "schema": SCHEMA,
            "name": self.name,
            "version": self.version,
            "created_at": self.created_at,
            "labels": self.labels,
            "input": {"name": "image", "dtype": "uint8", "shape": shape},
            "outputs": {name: {"dtype": "float32", "shape": shapes[name]} for name in self.outputs},
            "preprocessing": asdict(self.preprocessing),
            "files": {name: {"sha256": sha, "bytes": size} for name, (sha, size) in sorted(self.files.items())},
            "opset": self.opset,
        }
        return json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes) -> "Manifest":
        """Raises BrokenArtifact if a part is missing or not of its type."""
        try:
            content = json.loads(data)
            if content["schema"] != SCHEMA:
                raise BrokenArtifact(f"the manifest's schema is {content['schema']!r}; this server reads {SCHEMA}")
            preprocessing = Preprocessing(**content["preprocessing"])
            sizes = (preprocessing.height, preprocessing.width, preprocessing.channels)
            made = cls(
                name=str(content["name"]),
                version=str(content["version"]),
                created_at=str(content["created_at"]),
                labels=tuple(str(label) for label in content["labels"]),
                preprocessing=preprocessing,
                outputs=tuple(content["outputs"]),
                files={name: (str(entry["sha256"]), int(entry["bytes"])) for name, entry in content["files"].items()},
                opset=int(content["opset"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BrokenArtifact(f"the manifest can't be read: {error!r}") from None
        if preprocessing.mode not in MODES or not all(type(size) is int and 0 < size <= 1024 for size in sizes):
            raise BrokenArtifact(f"the manifest's preprocessing is not one this server has: {preprocessing}")
        if len(made.labels) < 2 or len(set(made.labels)) != len(made.labels):
            raise BrokenArtifact("the manifest's labels must be two or more, all different")
        if not {"probabilities"} <= set(made.outputs) <= {"probabilities", "score"}:
            raise BrokenArtifact(f"the manifest's outputs are {made.outputs}; expected probabilities and perhaps score")
        return made


@dataclass(frozen=True)
class Promotion:
    """One move of the pointer."""

    time: str
    from_version: str | None
    to_version: str
    by: str
    reason: str


class ArtifactStore:
    """The versions of one model, on disk; holds no state of its own, so that any process may have one."""

    def __init__(self, root: Path, name: str, baseline: Path) -> None:
        self.name = name
        self.candidates = root / "candidates"
        self.models = root / "models" / name
        self._baseline = baseline
        self._pointer = self.models / "current.json"
        self._promotions = self.models / "promotions.jsonl"

    def versions(self) -> list[str]:
        """Every visible version, oldest first; the baseline, if it is of this name, stands first."""
        numbers = sorted(int(folder.name) for folder in self._numbered() if (folder / "manifest.json").is_file())
        return ([BASELINE] if self._has_baseline() else []) + [str(number) for number in numbers]

    def next_version(self) -> str:
        """The number after the highest ever used, whatever has been pruned since."""
        used = [int(folder.name) for folder in self._numbered()]
        used += [int(move.to_version) for move in self.promotions() if move.to_version.isdecimal()]
        return str(max(used, default=0) + 1)

    def folder(self, version: str) -> Path:
        return self._baseline if version == BASELINE else self.models / version

    def exists(self, version: str) -> bool:
        return version in self.versions()

    def manifest(self, version: str) -> Manifest:
        """Raises BrokenArtifact if it is missing, malformed, or another model's."""
        try:
            data = files.read_regular(self.folder(version) / "manifest.json", FILE_LIMIT_BYTES)
        except OSError as error:
            raise BrokenArtifact(f"version {version} has no manifest that can be read: {error.strerror}") from None
        manifest = Manifest.from_json(data)
        if (manifest.name, manifest.version) != (self.name, version):
            raise BrokenArtifact(f"the manifest in {self.name}/{version} is of {manifest.name}/{manifest.version}")
        return manifest

    def read(self, manifest: Manifest, file: str) -> bytes:
        """The bytes of one file of a version, its size and sha256 checked on those very bytes."""
        return read_listed(self.folder(manifest.version), manifest, file)

    def report(self, version: str) -> dict[str, Json]:
        """The figures of a version: report/report.json, or nothing where there is none that can be read."""
        try:
            return files.read_json(self.folder(version) / "report" / "report.json")
        except (OSError, ValueError):
            return {}

    def refused(self) -> list[Path]:
        """The folders of the candidates that the gate refused, newest first, each named by its job."""
        if not self.candidates.is_dir():
            return []
        return sorted((path for path in self.candidates.iterdir() if path.name.isdecimal()), key=lambda p: -int(p.name))

    def current(self) -> str | None:
        """The version the pointer names; the baseline without a pointer; None if there is neither.

        Raises BrokenArtifact if the pointer is there but can't be read.
        """
        try:
            return str(files.read_json(self._pointer)["version"])
        except FileNotFoundError:
            return BASELINE if self._has_baseline() else None
        except (OSError, ValueError, KeyError) as error:
            raise BrokenArtifact(f"the pointer {self._pointer.name} can't be read: {error!r}") from None

    def pointer_stamp(self) -> tuple[int, int] | None:
        """Something that changes whenever the pointer moves, from one stat call; None without a pointer."""
        try:
            status = self._pointer.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def promote(self, version: str, by: str, reason: Reason, expected: str | None) -> None:
        """Move the pointer to `version` and log it; raises CurrentMoved unless the pointer is at `expected`."""
        with self.pointer(expected) as move:
            move(version, by, reason)

    @contextmanager
    def pointer(self, expected: str | None) -> Iterator[Callable[[str, str, Reason], None]]:
        """Hold the pointer, which is at `expected`, and give what moves it: move(version, by, reason).

        Raises CurrentMoved, without a change, if it is somewhere else, and LockTimeout if others hold it too long.
        """
        self.models.mkdir(parents=True, exist_ok=True)
        with files.locked(self.models / "pointer.lock"):
            now = self.current()
            if now != expected:
                raise CurrentMoved(f"the current version is {now}, not {expected}")

            def move(version: str, by: str, reason: Reason) -> None:
                moment = datetime.now(UTC).isoformat(timespec="milliseconds")
                files.write_atomically(self._pointer, json.dumps({"version": version, "time": moment}).encode())
                line = {"time": moment, "from": now, "to": version, "by": by, "reason": reason}
                files.append_line(self._promotions, json.dumps(line))

            yield move

    def promotions(self) -> list[Promotion]:
        """Every move of the pointer, oldest first."""
        lines = files.read_json_lines(self._promotions)
        return [
            Promotion(
                str(line.get("time")),
                cast("str | None", line.get("from")),
                str(line.get("to")),
                str(line.get("by")),
                str(line.get("reason")),
            )
            for line in lines
        ]

    def was_current(self, version: str) -> bool:
        """Whether the pointer is, or ever was, at `version`."""
        try:
            return version == self.current() or any(move.to_version == version for move in self.promotions())
        except BrokenArtifact:
            return False

    def fallbacks(self) -> Iterator[str]:
        """The versions to try at boot: the current, then back along the promotions, then the baseline.

        A version that was rolled back from is not tried: somebody found it wanting.
        """
        tried: set[str] = set()
        promotions = self.promotions()
        rejected = {str(move.from_version) for move in promotions if move.reason == "rolled back"}
        try:
            first = self.current()
        except BrokenArtifact:
            first = None
        earlier = [move.to_version for move in reversed(promotions) if move.to_version not in rejected]
        for version in [first, *earlier, BASELINE if self._has_baseline() else None]:
            if version is not None and version not in tried:
                tried.add(version)
                yield version

    def _numbered(self) -> list[Path]:
        if not self.models.is_dir():
            return []
        return [folder for folder in self.models.iterdir() if folder.name.isdecimal() and folder.name.isascii()]

    def _has_baseline(self) -> bool:
        try:
            data = files.read_regular(self._baseline / "manifest.json", FILE_LIMIT_BYTES)
            return Manifest.from_json(data).name == self.name
        except (OSError, BrokenArtifact):
            return False


def reason_of(version: str, current: str | None) -> Reason:
    """What a move by hand from `current` to `version` is called in the log: back to an older one, or on."""
    return "rolled back" if current is not None and int(version) < int(current) else "promoted"


def read_listed(folder: Path, manifest: Manifest, file: str) -> bytes:
    """The bytes of a file that a manifest lists, checked against it; raises BrokenArtifact."""
    if file not in manifest.files:
        raise BrokenArtifact(f"the manifest of version {manifest.version} lists no {file}")
    sha256, size = manifest.files[file]
    try:
        data = files.read_regular(folder / file, min(size + 1, FILE_LIMIT_BYTES))
    except OSError as error:
        raise BrokenArtifact(f"{file} of version {manifest.version} can't be read: {error.strerror}") from None
    if len(data) != size or hashlib.sha256(data).hexdigest() != sha256:
        raise BrokenArtifact(f"{file} of version {manifest.version} is not the file its manifest lists: hash differs")
    return data
