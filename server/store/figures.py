"""The parts of a report that rows hold, so that a list of versions reads no files."""

from collections.abc import Mapping
from typing import Any

LISTED = ("metrics", "gate", "training", "timing")  # what a list shows
FIGURES = (*LISTED, "dataset")
LONG = (
    "history",
    "classes",
    "confusion",
    "confused",
    "folded",
    "reliability",
    "upload_batches",
    "left_out",
)  # but for these, which only the report has


def figures_of(report: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a report."""
    return {name: _without_long(report.get(name)) for name in FIGURES}


def _without_long(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    return {name: _without_long(value) for name, value in part.items() if name not in LONG}
