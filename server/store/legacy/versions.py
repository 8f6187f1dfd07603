"""A model's versions, which stay where they are; and the numbers of those that are gone, never to be used again."""

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from server.store import files
from server.store.figures import figures_of
from server.store.legacy.models import OldModel
from server.store.legacy.reading import numbers, read_object, time_of
from server.store.manifest import FILE_LIMIT_BYTES
from server.store.rows import insert_all
from server.store.tables import version

logger = logging.getLogger("relearn")


def take_versions(connection: Connection, owner: OldModel, published: Mapping[int, int]) -> int:
    """Take over the versions in a model's folder; how many. `published` are those of which a job is known.

    Whether their files can be served is for whoever loads them; a folder without a manifest of its own is no version.
    """
    folders = {number: owner.folder / str(number) for number in numbers(owner.folder)}
    kept = {number: row for number, folder in folders.items() if (row := _row(owner.name, number, folder)) is not None}
    used = {number for each in owner.moves for number in (each.from_version, each.to_version) if number}
    used |= {*folders, *published}
    when = {each.to_version: each.time for each in reversed(owner.moves)}
    gone = {"bytes": 0, "manifest": "", "figures": {}, "pruned": 1}
    rows = kept | {number: {"created_at": when.get(number, ""), **gone} for number in used - kept.keys()}
    of_model = {"model_id": owner.id}
    known = ({**of_model, "number": number, "job_id": published.get(number), **rows[number]} for number in sorted(rows))
    insert_all(connection, version, known)
    return len(kept)


def _row(name: str, number: int, folder: Path) -> dict[str, Any] | None:
    """What a version's row holds of its files; None for a folder that is no version."""
    path = folder / "manifest.json"
    if not path.is_file():
        return None
    try:
        data = files.read_regular(path, FILE_LIMIT_BYTES)
        manifest = json.loads(data)
        if (manifest["name"], manifest["version"]) != (name, str(number)):
            raise ValueError(f"it is of {manifest['name']}/{manifest['version']}")
        return {
            "created_at": time_of(manifest.get("created_at")),
            "bytes": int(manifest["files"].get("model.onnx", {}).get("bytes", 0)),
            "manifest": hashlib.sha256(data).hexdigest(),
            "figures": figures_of(read_object(folder / "report" / "report.json") or {}),
            "pruned": 0,
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        logger.warning("version %d of %s is left out, for its manifest can't be used: %r", number, name, error)
        return None
