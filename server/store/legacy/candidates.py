"""The candidates that the gate refused: which model they are of, only their manifests know.

<artifacts>/candidates/<job>/   stays as it is; its manifest is of version "candidate-<job>"
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.store.figures import figures_of
from server.store.legacy.reading import numbers, read_object, time_of
from server.store.tables import clean

logger = logging.getLogger("relearn")


@dataclass(frozen=True)
class OldCandidate:
    """One refused candidate that was kept."""

    name: str  # of its model
    created_at: str
    report: dict[str, Any]

    @property
    def figures(self) -> dict[str, Any]:
        return figures_of(self.report)


def read_candidates(folder: Path) -> dict[int, OldCandidate]:
    """The candidates by their jobs; those in folders of other names are nobody's, as before."""
    found = {}
    for number in numbers(folder):
        manifest = read_object(folder / str(number) / "manifest.json") or {}
        name = manifest.get("name")
        if not isinstance(name, str) or name != clean(name) or manifest.get("version") != f"candidate-{number}":
            logger.warning("candidate %d is left out, for its manifest can't be used", number)
            continue
        report = read_object(folder / str(number) / "report" / "report.json") or {}
        found[number] = OldCandidate(name, time_of(manifest.get("created_at")), report)
    return found
