"""A program that measures some cases of a benchmark over seeds, each into the same results as the others before."""

import argparse
import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import Result, Row


def some_of(
    name: str,
    program: str,
    about: str,
    cases: Collection[str],
    measured: Callable[[str, Sequence[int]], dict[str, Any]],
    rows: Callable[[dict[str, Any]], list[Row]],
    seeds: int,
    results: Path,
) -> None:
    """Read the command line, and measure what it names: all cases where it names none. Written after each case."""
    parser = argparse.ArgumentParser(prog=program, description=about)
    parser.add_argument("names", nargs="*", metavar="case", help=f"of {', '.join(cases)}; all without one")
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--results", type=Path, default=results)
    options = parser.parse_args()
    unknown = set(options.names) - set(cases)
    if unknown:
        parser.error(f"no case is called {', '.join(sorted(unknown))}")
    found = json.loads(options.results.read_bytes())["measured"] if options.results.is_file() else {}
    for case in options.names or cases:
        found[case] = measured(case, range(options.seeds))
        options.results.write_text(json.dumps(Result(name, rows(found), found).to_json(), indent=1) + "\n")
