"""Folders of the form before: those that were kept, and pieces to be written by a test."""

import hashlib
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, inspect

from server.pictures.preprocessing import Preprocessing
from server.store.engine import url_of
from server.store.manifest import Manifest
from server.store.memory import Memory, open_memory
from server.store.tables import metadata

KEPT = Path(__file__).parent
NAME = "digits"
TIME = "2026-01-01T00:00:00.000+00:00"
REPORT = {
    "metrics": {"test": {"accuracy": 0.9, "confusion": [[1]]}},
    "training": {"epochs": 3, "history": [1]},
    "gate": {"passed": True},
}


@dataclass
class OldForm:
    """A data and an artifacts folder, and the URL of the database that is to take them over."""

    root: Path
    database: str = ""
    before: dict[str, str] = field(default_factory=dict)  # every file that was unpacked, with a hash

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    def unpack(self, name: str) -> dict[str, Any]:
        """Put a kept folder here; what the service answered on it."""
        with tarfile.open(KEPT / f"{name}.tar.gz") as packed:
            packed.extraction_filter = getattr(tarfile, "data_filter", None)  # Debian 12's Python 3.11.2 has none
            packed.extractall(self.root)  # noqa: S202 - one of our own
        self.before = self.files()
        answers: dict[str, Any] = json.loads((KEPT / f"{name}.json").read_text())
        return answers

    def files(self) -> dict[str, str]:
        """Every file with a hash of its bytes, time and mode; every folder."""
        found = {}
        for path in self.root.rglob("*"):
            status = path.lstat()
            content = f"{path.read_bytes()!r} {status.st_mtime_ns}" if path.is_file() else ""
            words = f"{content} {status.st_mode}"
            found[str(path.relative_to(self.root))] = hashlib.sha256(words.encode()).hexdigest()
        return found

    def is_unchanged(self) -> bool:
        """Whether all that was unpacked is still there as it was."""
        return self.before.items() <= self.files().items()

    @contextmanager
    def opened(self, name: str = NAME, used: bool = True) -> Iterator[Memory]:
        """The new store on these folders, for the time of the block; `used` once already, and so taken over."""
        memory = open_memory(self.artifacts, self.data, name, self.root / "no-baseline", self.database)
        try:
            if used:
                memory.browser.overview()
            yield memory
        finally:
            memory.close()

    def has_tables(self) -> bool:
        """Whether there is a database, or the beginning of one."""
        engine = create_engine(url_of(self.database, self.artifacts))
        with engine.connect() as connection:
            found = set(inspect(connection).get_table_names())
        engine.dispose()
        return bool(found & {*metadata.tables, "alembic_version"})

    def write(self, path: str, content: object) -> Path:
        """Write a file below the root: JSON, or lines of it for a list, or text as it is."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            target.write_text("".join(f"{json.dumps(line)}\n" for line in content))
        else:
            target.write_text(content if isinstance(content, str) else json.dumps(content))
        return target

    def write_version(self, number: str, name: str = NAME, change: Callable[[str], str] = str) -> None:
        """A version's manifest and report, and the lock that was taken for it; `change` breaks the manifest."""
        folder = f"artifacts/models/{name}/{number}"
        self.write(f"artifacts/models/{name}/pointer.lock", "")
        self.write(f"{folder}/report/report.json", REPORT)
        self.write(f"{folder}/manifest.json", change(_manifest(name, number)))

    def write_candidate(self, job: str, name: str = NAME) -> None:
        folder = f"artifacts/candidates/{job}"
        self.write(f"{folder}/report/report.json", REPORT)
        self.write(f"{folder}/manifest.json", _manifest(name, f"candidate-{job}"))

    def write_moves(self, *moves: tuple[str | None, str, str, str], name: str = NAME) -> None:
        """Lines of a log (from, to, by, reason), and the pointer where the last one leads."""
        lines = [{"time": TIME, "from": a, "to": b, "by": by, "reason": reason} for a, b, by, reason in moves]
        self.write(f"artifacts/models/{name}/promotions.jsonl", list[object](lines))
        self.write_pointer(moves[-1][1], name)

    def write_pointer(self, version: str, name: str = NAME) -> None:
        self.write(f"artifacts/models/{name}/current.json", {"version": version, "time": TIME})

    def write_job(self, number: str, *events: dict[str, object], result: dict[str, object] | None = None) -> None:
        folder = f"artifacts/jobs/{number}"
        self.write(f"{folder}/request.json", {"options": {}, "policy": {}, "by": "api", "created_at": TIME})
        if events:
            self.write(f"{folder}/events.jsonl", list(events))
        if result is not None:
            self.write(f"{folder}/result.json", result)


def _manifest(name: str, version: str) -> str:
    inputs, outputs = Preprocessing("digit", 28, 28, 1), ("probabilities",)
    made = Manifest(name, version, TIME, ("0", "1"), inputs, outputs, {"model.onnx": ("0" * 64, 7)}, 17)
    return made.to_json().decode()
