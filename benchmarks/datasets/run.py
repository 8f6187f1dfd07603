"""`python -m benchmarks datasets`: what the trainer makes of other people's kinds of data, over three seeds.

python -m benchmarks.datasets.run [--seeds N] [case ...]    some of them, into the same results

Each case trains into an empty store, so that the gate has no version to compare with. What is published is loaded as a
server loads it, and asked about test pictures, which chose nothing; of Fashion-MNIST the report says the same. It needs
the train environment, with the package of the extra `backbone` where a case asks for it.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.datasets.cases import CASES, Case
from benchmarks.measure import TINY, Json, Result, Row, Setting, machine
from benchmarks.seeded import some_of
from server.models.model import load
from server.pictures.image import Limits
from server.settings import Settings
from server.store.manifest import read_manifest

PYTHON = Path(".venv-train/bin/python")
RESULTS = Path("benchmarks/results/datasets.json")
SEEDS = 3
BATCH = 32


def main() -> None:
    some_of(
        "datasets",
        "python -m benchmarks.datasets.run",
        __doc__.partition("\n")[0],
        CASES,
        measured,
        rows,
        SEEDS,
        RESULTS,
    )


def run(setting: Setting) -> Result:
    names, seeds = (("pair-small",), 1) if setting == TINY else (tuple(CASES), SEEDS)
    found: dict[str, Json] = {name: measured(name, range(seeds)) for name in names}
    return Result("datasets", rows(found), found)


def measured(name: str, seeds: Sequence[int]) -> dict[str, Any]:
    """What each seed came to."""
    case = CASES[name]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        dataset = case.folder or folder / "set"
        if case.write is not None:
            case.write(dataset)
        found: dict[str, Any] = {
            "flags": case.flags,
            "seeds": [_trained(case, dataset, folder, seed) for seed in seeds],
        }
        if case.against_features:
            command = [str(PYTHON), "-m", "benchmarks.datasets.features", str(dataset)]
            found["features_percent"] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        print(name, json.dumps(found["seeds"]), file=sys.stderr, flush=True)
        return found | {"machine": machine()}


def rows(found: dict[str, Any]) -> list[Row]:
    """A figure for each case that was measured, in the order of the cases."""
    made = []
    for name, case in CASES.items():
        if name in found:
            right = [each["percent"] for each in found[name]["seeds"]]
            made.append(Row(case.work, "right", statistics.fmean(right), "%", case.at_least, rounds=right))
            if case.apart is not None:
                apart = [each["apart"] for each in found[name]["seeds"]]
                made.append(Row(case.work, "right of these", statistics.fmean(apart), "%", case.apart[1], rounds=apart))
            if "features_percent" in found[name]:
                more = [each - found[name]["features_percent"] for each in right]
                figure = "right, less a logistic regression on the same features"
                made.append(Row(case.work, figure, statistics.fmean(more), "points", 0.0, rounds=more))
    return made


def _trained(case: Case, dataset: Path, folder: Path, seed: int) -> dict[str, Any]:
    """Train one seed, and ask what was published; ends the program if nothing was."""
    places = {"dataset": dataset, "artifacts": folder / f"artifacts-{seed}", "data": folder / f"data-{seed}"}
    flags = [word for name, path in places.items() for word in (f"--{name}", str(path))]
    flags += ["--baseline", str(folder / "none"), "--name", "pictures", "--seed", str(seed), *case.flags]
    began = time.monotonic()
    done = subprocess.run(
        [str(PYTHON), "-m", "trainer", *flags], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    version = places["artifacts"] / "models/pictures/1"
    if done.returncode or not version.is_dir():
        sys.exit(f"error: {case.name}, seed {seed}, was not published:\n{done.stdout[-2000:]}")
    report = json.loads((version / "report/report.json").read_bytes())
    tested = _asked(version, dataset, case)
    if tested is None:
        tested = reported(report["metrics"]["test"]["classes"], case)
    return tested | {
        "verdict": next(line for line in done.stdout.splitlines() if "pictures that judge are right" in line),
        "chosen": report["training"].get("backbone", {}).get("chosen"),
        "microseconds": report["timing"]["batch 1"],
        "seconds": round(time.monotonic() - began, 1),
    }


def reported(classes: dict[str, dict[str, float]], case: Case) -> dict[str, float]:
    """Percent of the test pictures that the version answers rightly, and of those of the class apart."""
    apart = case.apart[0] if case.apart is not None else None
    others = [each for label, each in classes.items() if label != apart]
    right = sum(each["recall"] * each["images"] for each in others) / sum(each["images"] for each in others)
    return {"percent": 100 * right} | ({} if apart is None else {"apart": 100 * classes[apart]["recall"]})


def _asked(version: Path, dataset: Path, case: Case) -> dict[str, float] | None:
    """Percent of the test pictures that the version answers rightly; None where they are no files."""
    tests = next((each for each in (dataset / "test", dataset / "../test") if each.is_dir()), None)
    if case.write is None or tests is None:
        return None
    model = load(version, read_manifest(version, "pictures", "1"), BATCH)
    files = sorted(tests.glob("*/*.png"))
    limits = Limits.of(Settings())
    inputs = [model.preprocessing.read(file.read_bytes(), limits) for file in files]
    said = [
        model.labels[place]
        for first in range(0, len(files), BATCH)
        for place in model.predict(np.stack(inputs[first : first + BATCH])).probabilities.argmax(axis=1).tolist()
    ]
    return {"percent": 100 * statistics.fmean(a == b.parent.name for a, b in zip(said, files, strict=True))}


if __name__ == "__main__":
    main()
