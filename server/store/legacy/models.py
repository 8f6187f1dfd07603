"""The models of an artifacts folder before: each a folder with versions, and a pointer that moved among them."""

from dataclasses import dataclass
from pathlib import Path

from server.store.legacy.moves import Moved
from server.store.legacy.reading import numbers
from server.store.tables import clean


@dataclass(frozen=True)
class OldModel:
    """One model: its row, which is new, and what was there."""

    id: int
    name: str
    folder: Path
    moves: list[Moved]

    @property
    def publishers(self) -> dict[int, int]:
        """The jobs that published its versions, as far as its moves say so."""
        return {each.to_version: each.job for each in self.moves if each.kind == "published" and each.job is not None}

    def was_current(self, version: int) -> bool:
        """Whether the pointer is, or ever was, at a version."""
        return any(each.to_version == version for each in self.moves)


def model_names(artifacts: Path, own_name: str) -> list[str]:
    """The models of which there are versions, or a pointer."""
    models = artifacts / "models"
    folders = {path for path in models.iterdir() if path.is_dir()} if models.is_dir() else set[Path]()
    folders.add(models / own_name)
    names = [str(folder.relative_to(models)) for folder in folders if numbers(folder) or _has_pointer(folder)]
    return sorted(name for name in names if name == clean(name))


def _has_pointer(folder: Path) -> bool:
    return any((folder / file).is_file() for file in ("current.json", "promotions.jsonl"))
