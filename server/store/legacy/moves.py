"""The pointer of a model and the log of its moves, which become one: the newest move is where the pointer stands.

    <artifacts>/models/<name>/current.json       the pointer; it was moved first
    <artifacts>/models/<name>/promotions.jsonl   its moves; a crash may have cut off or kept out the last line

"by" was the job that published, or the reason that somebody gave for a move by hand, whose name nobody wrote down.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

from sqlalchemy import Connection

from server.store import files
from server.store.files import Json
from server.store.legacy.reading import UNKNOWN, number_of, read_lines, time_of
from server.store.pointer import BASELINE, Kind, kind_of
from server.store.rows import insert_all
from server.store.tables import move

KINDS: tuple[Kind, ...] = get_args(Kind)
_BY_JOB = re.compile(r"job (export-of-)?\d+")  # the latter was a version's weights, exported again
UNWRITTEN = "the pointer stood here, and nobody wrote down why"

logger = logging.getLogger("relearn")


@dataclass(frozen=True)
class Moved:
    """One move of the pointer."""

    time: str
    from_version: int | None
    to_version: int
    kind: Kind
    by: str
    reason: str

    @property
    def job(self) -> int | None:
        """The job that made it."""
        return number_of(self.by.removeprefix("job "))


def read_moves(folder: Path) -> list[Moved]:
    """The moves of the model in a folder, oldest first; the last one ends where the pointer stands."""
    moves = []
    for line in read_lines(folder / "promotions.jsonl"):
        made = _move(line)
        if made is None:
            logger.warning("a move in %s names no version and is left out: %s", folder / "promotions.jsonl", line)
        else:
            moves.append(made)
    unwritten = _unwritten(folder / "current.json", moves)
    return moves + ([unwritten] if unwritten is not None else [])


def take_moves(connection: Connection, model_id: int, moves: list[Moved], published: Mapping[int, int]) -> None:
    """Write the moves down; `published` are the versions of which a job is known."""
    rows = []
    for each in moves:
        row = {"model_id": model_id, **asdict(each)}
        if each.kind == "published" and each.by == UNKNOWN and each.to_version in published:
            row["by"] = f"job {published[each.to_version]}"
        rows.append(row)
    insert_all(connection, move, rows)


def _move(line: dict[str, Json]) -> Moved | None:
    to_version = number_of(line.get("to"))
    if to_version is None:
        return None
    kind: Kind = next((each for each in KINDS if each == line.get("reason")), "promoted")
    time, from_version, by = time_of(line.get("time")), number_of(line.get("from")), str(line.get("by"))
    if kind == "published" and _BY_JOB.fullmatch(by):
        return Moved(time, from_version, to_version, kind, by, "")
    return Moved(time, from_version, to_version, kind, UNKNOWN, by)


def _unwritten(pointer: Path, moves: list[Moved]) -> Moved | None:
    """The move that brought the pointer to where no line says it went; without a pointer that is the baseline."""
    last = moves[-1].to_version if moves else None
    try:
        content = files.read_json(pointer)
        version = number_of(content.get("version"))
        time = time_of(content.get("time"))
    except FileNotFoundError:
        version, time = (int(BASELINE), moves[-1].time) if moves else (None, "")
    except (OSError, ValueError) as error:
        logger.warning(
            "the pointer %s can't be read, so it is where its last move led, at %s: %r", pointer, last, error
        )
        return None
    if version is None and moves:
        logger.warning("the pointer %s names no version, so it is where its last move led, at %s", pointer, last)
    if version is None or version == last:
        return None
    kind: Kind = "promoted"
    if version and version not in {move.to_version for move in moves}:
        kind = "published"  # a version is published first
    elif last is not None and version:
        kind = kind_of(str(version), str(last))
    return Moved(time, last, version, kind, UNKNOWN, UNWRITTEN)
