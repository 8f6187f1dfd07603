"""Is every version whole, does the pointer's way hang together, and could a fresh server serve where it leads?"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from server.store.check.look import Look, read_manifest_file, wrong_files
from server.store.content import version_path
from server.store.errors import BrokenArtifact
from server.store.manifest import Manifest, read_manifest
from server.store.pointer import BASELINE
from server.store.tables import model, move, version

# All but the figures, which are long.
COLUMNS: list[Any] = [version.c[name] for name in ("model_id", "number", "manifest", "bytes", "pruned")]
ANOTHER = "promote another: POST /models/{version}/promote"


def findings(look: Look) -> Iterator[str]:
    """Versions that are not as they were published, moves that do not follow one another, a pointer to nothing."""
    with look.read() as connection:
        models = connection.execute(select(model).order_by(model.c.id)).all()
        versions = connection.execute(select(*COLUMNS)).all()
        moves = connection.execute(select(move).order_by(move.c.id)).all()
    current: int | None = None
    broken: set[int] = set()
    for owner in models:
        mine = {row.number: row for row in versions if row.model_id == owner.id}
        bad = set()
        kept = [row for row in mine.values() if not row.pruned]
        for done, row in enumerate(kept, 1):
            for finding in _wrong(look, owner.name, row):
                bad.add(row.number)
                yield finding
            look.progress("versions", done, len(kept))
        way = [each for each in moves if each.model_id == owner.id]
        yield from _moves(owner.name, way, mine)
        if owner.name == look.name:
            broken, current = bad, way[-1].to_version if way else None
    yield from baseline(look, current, broken)


def baseline(look: Look, current: int | None, broken: set[int]) -> Iterator[str]:
    """Could a fresh server serve? The pointer is at `current`; None before the first move."""
    is_there = (look.baseline / "manifest.json").exists()
    if is_there and _is_of(look.baseline, look.name):
        manifest = read_manifest(look.baseline, look.name, BASELINE)
        for wrong in wrong_files(look.baseline, manifest):
            broken.add(int(BASELINE))
            yield f"the baseline in {look.baseline}: {wrong}; check it out again"
    number = current if current is not None else int(BASELINE) if is_there else None
    if number is None:
        yield f"there is no version of {look.name!r} that a server could serve; train one: make train"
    elif number not in broken:
        yield from _served(look, number)


def _served(look: Look, number: int) -> Iterator[str]:
    is_baseline = str(number) == BASELINE
    folder = look.baseline if is_baseline else look.path("artifacts", version_path(look.name, number))
    try:
        look.serves(folder, read_manifest(folder, look.name, str(number)))
    except BrokenArtifact as error:
        yield f"version {number} of {look.name!r} is current, and a server could not serve it: {error}; {ANOTHER}"


def _is_of(folder: Path, name: str) -> bool:
    try:
        return read_manifest(folder, name, BASELINE).name == name
    except BrokenArtifact:
        return False


def _wrong(look: Look, name: str, row: Row[Any]) -> list[str]:
    """What is wrong with the files of a version; nothing if it was pruned meanwhile."""
    path = version_path(name, row.number)
    folder = look.path("artifacts", path)
    try:
        data, manifest = read_manifest_file(folder)
    except BrokenArtifact as error:
        wrong = [f"{error}"]
    else:
        wrong = [*_contract(name, row, data, manifest), *wrong_files(folder, manifest)]
    if wrong and not look.is_named("artifacts", path):
        return []
    where = f"version {row.number} of {name!r}"
    return [f"{where}: {each}; put a copy of {path} back, or promote others until it is pruned" for each in wrong]


def _contract(name: str, row: Row[Any], data: bytes, manifest: Manifest) -> Iterator[str]:
    found = hashlib.sha256(data).hexdigest()
    if found != row.manifest:
        yield f"the sha256 of manifest.json is {found}, and {row.manifest} is noted down"
    if (manifest.name, manifest.version) != (name, str(row.number)):
        yield f"its manifest is of {manifest.name}/{manifest.version}"
    size = manifest.files.get("model.onnx", ("", 0))[1]
    if size != row.bytes:
        yield f"its manifest gives model.onnx {size} bytes, and {row.bytes} are noted down"


def _moves(name: str, moves: list[Row[Any]], versions: dict[int, Row[Any]]) -> Iterator[str]:
    """A move leads on from where the one before led; one that says nothing stayed where it was, or was the first."""
    copy = "compare with a copy of the database"
    before: int | None = None
    for each in moves:
        first = before is None and each.from_version in (None, int(BASELINE))
        if each.from_version != before and not first:
            yield (
                f"move {each.id} of the pointer of {name!r} ({each.kind} by {each.by}, {each.time}) leads away from "
                f"version {each.from_version}, and the pointer was at {before}: moves were altered or taken out; {copy}"
            )
        if each.to_version and each.to_version not in versions:
            yield f"move {each.id} of {name!r} leads to version {each.to_version}, of which there is no row; {copy}"
        before = each.to_version
    if before and before in versions and versions[before].pruned:
        yield f"the pointer of {name!r} is at version {before}, whose files were pruned; {ANOTHER}"
