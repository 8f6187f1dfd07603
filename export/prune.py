"""What is old goes: versions, refused candidates and finished jobs beyond a number that is kept."""

import shutil
from pathlib import Path

from server.store import files
from server.store.artifacts import ArtifactStore


def prune_versions(store: ArtifactStore, keep: int) -> list[str]:
    """Remove the oldest published versions but `keep`; never the current, the one before it, or the baseline."""
    with files.locked(store.models / "pointer.lock"):
        current = store.current()
        before = next((move.from_version for move in reversed(store.promotions()) if move.to_version == current), None)
        published = [version for version in store.versions() if store.folder(version).parent == store.models]
        removed = [version for version in published[:-keep] if version not in (current, before)]
        for version in removed:
            _remove(store.folder(version))
        return removed


def prune_folders(parent: Path, keep: int) -> list[str]:
    """Remove the folders with the lowest numbers but `keep`; to be called by the one that holds the jobs' lock."""
    if not parent.is_dir():
        return []
    numbers = sorted((path.name for path in parent.iterdir() if path.name.isdecimal()), key=int)
    for number in numbers[:-keep]:
        _remove(parent / number)
    return numbers[:-keep]


def _remove(folder: Path) -> None:
    """Out of sight in one step, so that nobody ever sees half of it."""
    hidden = folder.with_name(f"{files.TEMP_PREFIX}pruned-{folder.name}")
    folder.rename(hidden)
    shutil.rmtree(hidden)
