"""`python -m benchmarks.conditions`: how the shipped model reads pictures as people send them, condition by condition.

python -m benchmarks.conditions [--set look|select|report] [--images N] [--results FILE] [--before FILE] [--sheet FILE]
python -m benchmarks.conditions --folder FOLDER    a user's own pictures, <label>/*, all else left out

Of each condition 300 pictures are drawn from MNIST's digits, skeletons of them and strokes of our own; the three sets
share none: one is to look at, one to select by, one to report.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import shipped
from benchmarks.conditions import measure, sheet
from benchmarks.conditions.kinds import Sample
from server.models.model import Model


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.conditions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="condition", help="parts of names; all without one")
    parser.add_argument("--set", choices=tuple(measure.SETS), default="look")
    parser.add_argument("--images", type=int, default=300, help="pictures of each condition")
    parser.add_argument(
        "--number", type=int, help="read them by the preprocessing of this number, not by the model's own"
    )
    parser.add_argument("--folder", type=Path, help="pictures of your own, in folders named by their label")
    parser.add_argument("--results", type=Path, help="file to write the figures to")
    parser.add_argument("--before", type=Path, help="earlier figures, to stand beside these in the table")
    parser.add_argument(
        "--sheet", type=Path, help="picture to write: examples of each condition, and what the model saw"
    )
    options = parser.parse_args(arguments)
    model = shipped.load(measure.BATCH)
    if options.number:
        model.preprocessing = replace(model.preprocessing, number=options.number)
    if options.folder:
        samples = pictures(options.folder)
    else:
        names = [
            name for name in measure.CONDITIONS if not options.names or any(part in name for part in options.names)
        ]
        samples = {name: [] for name in names}
    began = time.perf_counter()
    found: dict[str, measure.Answers] = {}
    rows = []
    for name, given in samples.items():
        shown = given or measure.drawn(name, options.set, options.images)
        found[name] = measure.answers(model, shown)
        if options.sheet:
            rows.append(sheet.row(name, shown, found[name], model))
    print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)
    results = summary(model, options.set, options.images, found)
    before = json.loads(options.before.read_bytes()) if options.before else None
    print(table(results, before))
    if options.results:
        options.results.write_text(json.dumps(results, indent=1) + "\n")
    if options.sheet:
        sheet.save(options.sheet, rows)


def pictures(folder: Path) -> dict[str, list[Sample]]:
    """The pictures of a folder by their labels."""
    return {
        each.name: [Sample(file.read_bytes(), each.name) for file in sorted(each.iterdir()) if file.is_file()]
        for each in sorted(folder.iterdir())
        if each.is_dir()
    }


def summary(model: Model, chosen: str, number: int, found: dict[str, measure.Answers]) -> dict[str, Any]:
    threshold = model.score_threshold or 0.0
    return {
        "set": chosen,
        "images": number,
        "model_sha256": hashlib.sha256((shipped.FOLDER / "model.onnx").read_bytes()).hexdigest(),
        "score_threshold": threshold,
        "conditions": {name: answers.figures(threshold) for name, answers in found.items()},
        "trust": measure.trust(list(found.values()), threshold),
    }


def table(results: dict[str, Any], before: dict[str, Any] | None = None) -> str:
    """The figures as Markdown, in percent; where there are earlier ones, each before and after."""
    names = ("right", "refused", "flagged", "sure and wrong")
    lines = ["| condition | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]

    def cell(condition: str, name: str) -> str:
        now = results["conditions"][condition]
        if name == "right" and not now["digits"]:
            return ""
        earlier = before["conditions"].get(condition) if before else None
        return (f"{100 * earlier[name]:.1f} → " if earlier else "") + f"{100 * now[name]:.1f}"

    lines += [
        f"| {condition} | " + " | ".join(cell(condition, name) for name in names) + " |"
        for condition in results["conditions"]
    ]
    lines += ["", "| over all of them | |", "|---|---|"]
    for name, value in results["trust"].items():
        earlier = f"{before['trust'][name]:.4f} → " if before else ""
        lines.append(f"| {name} | {earlier}{value:.4f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
