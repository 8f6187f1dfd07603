"""What the recipe reaches on the test set: it is trained from several seeds, and their published reports are read.

python -m benchmarks.model.seeds --folder FOLDER [--seeds 5] [-- trainer options]

Each seed trains into an empty store of its own, so that the gate has no version to compare with. A seed that is
published there already is not trained again, so that the command can be stopped and gone on with. The figures are of
the last epoch of each seed: none is picked, and none of them chooses anything. It needs the train environment.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FIGURES = (("test", "accuracy"), ("test", "log_loss"), ("validation", "accuracy"), ("validation", "log_loss"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where the seeds' artifacts are, or come to be")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results/seeds.json"))
    parser.add_argument("options", nargs="*", help="options for the trainer, after --")
    arguments = parser.parse_args()
    reports = {}
    for seed in range(arguments.seeds):
        folder = arguments.folder.absolute() / str(seed)
        if not report_of(folder).exists():
            train(seed, folder, arguments.options)
        reports[seed] = json.loads(report_of(folder).read_bytes())
    results = summary(reports)
    arguments.results.parent.mkdir(parents=True, exist_ok=True)
    arguments.results.write_text(json.dumps(results, indent=1) + "\n")
    show(results)


def report_of(folder: Path) -> Path:
    return folder / "artifacts" / "models" / "digits" / "1" / "report" / "report.json"


def train(seed: int, folder: Path, options: Sequence[str]) -> None:
    """Train one seed; ends the program if it does not come to a published version."""
    places = {"artifacts": folder / "artifacts", "data": folder / "data", "baseline": folder / "no-baseline"}
    flags = [word for name, path in places.items() for word in (f"--{name}", str(path))]
    command = [sys.executable, "-m", "trainer", "--from-scratch", "--seed", str(seed), *flags, *options]
    if subprocess.run(command, check=False).returncode or not report_of(folder).exists():
        sys.exit(f"error: seed {seed} was not published: {folder}")


def summary(reports: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Each seed's figures, and their mean and standard deviation over the seeds."""
    seeds = [
        {
            "seed": seed,
            **{f"{part} {name}": report["metrics"][part][name] for part, name in FIGURES},
            **{name: report["training"][name] for name in ("epochs", "seconds", "code_revision")},
        }
        for seed, report in reports.items()
    ]
    columns = {f"{part} {name}": [seed[f"{part} {name}"] for seed in seeds] for part, name in FIGURES}
    return {
        "seeds": seeds,
        "mean": {name: statistics.fmean(values) for name, values in columns.items()},
        "deviation": {name: statistics.stdev(values) for name, values in columns.items() if len(values) > 1},
    }


def show(results: dict[str, Any]) -> None:
    names = list(results["mean"])
    print("seed | " + " | ".join(names) + " | epochs | seconds")
    for seed in results["seeds"]:
        print(seed["seed"], *(f"{seed[name]:.5f}" for name in names), seed["epochs"], seed["seconds"], sep=" | ")
    for row in ("mean", "deviation"):
        print(row, *(f"{value:.5f}" for value in results[row].values()), sep=" | ")


if __name__ == "__main__":
    main()
