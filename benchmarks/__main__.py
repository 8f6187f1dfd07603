"""`python -m benchmarks`: run every benchmark of the service, or those named; write benchmarks/results/ and the tables.

python -m benchmarks [--quick | --tiny] [--peer-python FILE] [--results FOLDER] [name ...]
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from benchmarks import plot, table
from benchmarks.conditions import drift
from benchmarks.datasets import run as datasets
from benchmarks.loop import canaries, copies, episodes, observing, story, taught
from benchmarks.measure import FULL, QUICK, TINY, Benchmark, Json, Result
from benchmarks.service import (
    batch,
    growth,
    held,
    large,
    latency,
    overload,
    page,
    pictures,
    stages,
    start,
    store,
    swaps,
    tensors,
    throughput,
    training,
    workers,
)
from server.configuration import add_version
from server.machine.descriptors import raise_limit

BENCHMARKS: dict[str, Benchmark] = {
    "throughput": throughput.run,
    "latency": latency.run,
    "batch": batch.run,
    "tensors": tensors.run,
    "large": large.run,
    "workers": workers.run,
    "swaps": swaps.run,
    "start": start.run,
    "overload": overload.run,
    "growth": growth.run,
    "stages": stages.run,
    "training": training.run,
    "store": store.run,
    "pictures": pictures.run,
    "held": held.run,
    "drift": drift.run,
    "canaries": canaries.run,
    "observing": observing.run,
    "copies": copies.run,
    "page": page.run,
    "datasets": datasets.run,
    "taught": taught.run,
    "story": story.run,
    "episodes": episodes.run,
}
GROUPS = {"loop": ("drift", "canaries", "observing", "copies")}
NAMED_ONLY = ("page", "datasets", "taught", "story", "episodes")  # since they need a browser, or long
NOT_QUICK = ("growth", "stages", "training", "store", "pictures", "held", "drift", "canaries", "observing", "copies")
RESULTS = Path("benchmarks/results")
PEER = Path(".venv-bench/bin/python")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    add_version(parser)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="name",
        help=f"of {', '.join([*BENCHMARKS, *GROUPS])}; all but {', '.join(NAMED_ONLY)} without one",
    )
    parser.add_argument("--quick", action="store_true", help="under a minute; coarser figures, no growth, no peer")
    parser.add_argument("--tiny", action="store_true", help="only to see that everything runs")
    parser.add_argument("--peer-python", type=Path, default=PEER, help="interpreter that has FastAPI")
    parser.add_argument(
        "--results", type=Path, help="where to write; benchmarks/results, coarser ones in its folder quick"
    )
    options = parser.parse_args()
    results: Path = options.results or (RESULTS / "quick" if options.quick or options.tiny else RESULTS)
    setting = TINY if options.tiny else QUICK if options.quick else FULL
    if options.peer_python.exists() and not options.quick:
        setting = replace(setting, peer_python=options.peer_python)
    names = options.names or [
        name for name in BENCHMARKS if name not in NAMED_ONLY and not (options.quick and name in NOT_QUICK)
    ]
    names = [each for name in names for each in GROUPS.get(name, (name,))]
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    results.mkdir(parents=True, exist_ok=True)
    raise_limit()  # of descriptors, for the clients
    for name in names:
        begun = time.perf_counter()
        result = BENCHMARKS[name](setting)
        write(results, result)
        print(f"{name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        for row in result.rows:
            print("   ", table.line(row), file=sys.stderr, flush=True)
    table.write(results)


def write(folder: Path, result: Result) -> None:
    """A benchmark's result as JSON, and its plots where it has any."""
    (folder / f"{result.name}.json").write_text(json.dumps(result.to_json(), indent=1) + "\n")
    curves: Json = result.measured.get("curves")
    if isinstance(curves, list):
        picture = plot.svg("Streams that had their alarm", "requests", curves)
        (folder / f"{result.name}.svg").write_text(picture)
    points: Json = result.measured.get("points")
    if isinstance(points, dict):
        for across, found in points.items():
            picture = plot.svg(
                f"POST /predict over {across}",
                across,
                [
                    ("images/s", [(each["at"], each["images_per_second"]) for each in found]),
                    ("p99 ms", [(each["at"], each["p99_ms"]) for each in found]),
                ],
            )
            (folder / f"growth-{across.replace(' ', '-')}.svg").write_text(picture)


if __name__ == "__main__":
    main()
