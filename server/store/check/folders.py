"""Is every folder of a version, a candidate or a job one that a row names? And what is left of writes that stopped?"""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from server.store.check.look import Look
from server.store.files import OUR_FOLDERS, TEMP_PREFIX
from server.store.tables import job
from server.store.versions import is_number


def findings(look: Look) -> Iterator[str]:
    """Folders that nobody names, and temp files that nobody writes."""
    artifacts = look.roots["artifacts"]
    models = artifacts / "models"
    places = [f"models/{each.name}" for each in _folders(models)] + ["candidates", "jobs"]
    for place in places:
        paths = [f"{place}/{each.name}" for each in _folders(artifacts / place) if _is_ours(each.name)]
        strange = look.unaccounted("artifacts", paths)
        for path in strange:
            yield f"the folder {path} in {artifacts.name} is of no row; look at it, and remove it if nobody needs it"
        for path in paths:
            if path not in strange and not _is_written(look, path):
                yield from _temps(look.path("artifacts", path))
        yield from _temps(artifacts / place)


def _temps(folder: Path) -> Iterator[str]:
    for each in [folder, *(folder / name for name in sorted(OUR_FOLDERS))]:
        for temp in each.glob(f"{TEMP_PREFIX}*") if each.is_dir() else []:
            if temp.exists():
                yield f"{temp} is what is left of a write that was stopped; remove it"


def _is_written(look: Look, path: str) -> bool:
    """Whether somebody may be writing into a folder, or it is to go."""
    place, _, number = path.rpartition("/")
    if look.is_pending("artifacts", path):
        return True
    if place != "jobs":
        return False
    with look.read() as connection:
        return connection.execute(select(job.c.id).where(job.c.id == int(number), job.c.open == 1)).first() is not None


def _is_ours(name: str) -> bool:
    return is_number(name) and name == str(int(name)) and name != "0"


def _folders(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []
