"""The results as tables: one line a figure, with what was to be reached, made from benchmarks/results/*.json.

`table.md` is the piece that the README includes; benchmarks/README.md gets the same between two marks.
"""

import json
from pathlib import Path

from benchmarks.measure import Row

ORDER = (
    "throughput",
    "latency",
    "batch",
    "tensors",
    "large",
    "workers",
    "swaps",
    "start",
    "overload",
    "training",
    "store",
    "pictures",
    "held",
    "drift",
    "canaries",
    "observing",
    "copies",
    "episodes",
    "page",
    "datasets",
    "taught",
    "story",
)
README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- results begin -->", "<!-- results end -->"


def write(folder: Path) -> None:
    """Make the tables of what is in a folder of results; benchmarks/README.md shows the checkout's own."""
    text = markdown(folder)
    (folder / "table.md").write_text(text)
    if folder.resolve() == README.with_name("results").resolve():
        before, _, rest = README.read_text().partition(BEGIN)
        README.write_text(before + BEGIN + "\n" + text + END + rest.partition(END)[2])


def markdown(folder: Path) -> str:
    """Every figure of the results, and the stages of one request."""
    found = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    lines = ["| work | compared | measured | spread | to reach | |", "|---|---|---|---|---|---|"]
    machines = {}
    for name in ORDER:
        if name in found:
            lines += [_table_line(entry) for entry in found[name]["rows"]]
            machines[name] = found[name]["machine"]
    if machines:
        last = list(machines.values())[-1]
        packages = ", ".join(f"{name} {version}" for name, version in last["packages"].items())
        lines += [
            "",
            f"{last['time'][:10]}, {last['cores']} cores of {last['processor']}, Python {last['python']}; {packages}.",
        ]
    if "stages" in found:
        lines += ["", *_stage_lines(found["stages"]["measured"])]
    return "\n".join(lines) + "\n"


def line(row: Row) -> str:
    """One figure for the terminal."""
    mark = {True: "reached", False: "MISSED", None: ""}[row.reached]
    return f"{row.work}: {row.figure} {row.value:.3g} {row.unit} ({bound(row.at_least, row.at_most)}) {mark}"


def bound(at_least: float | None, at_most: float | None) -> str:
    """What was to be reached, in words."""
    if at_least is not None and at_most is not None:
        return f"{at_least:g} to {at_most:g}"
    if at_least is not None:
        return f"at least {at_least:g}"
    return f"at most {at_most:g}" if at_most is not None else "-"


def _table_line(entry: dict[str, object]) -> str:
    rounds = entry["rounds"]
    spread = f"{min(rounds):.3g} to {max(rounds):.3g}" if isinstance(rounds, list) and len(rounds) > 1 else ""
    mark = {True: "reached", False: "**missed**", None: ""}[entry["reached"]]  # type: ignore[index]
    to_reach = bound(entry["at_least"], entry["at_most"])  # type: ignore[arg-type]
    value = f"{entry['value']:.3g} {entry['unit']}".strip()
    return f"| {entry['work']} | {entry['figure']} | {value} | {spread} | {to_reach} | {mark} |"


def _stage_lines(measured: dict[str, object]) -> list[str]:
    stages, whole = measured["microseconds"], measured["whole"]
    assert isinstance(stages, dict)
    assert isinstance(whole, float)
    lines = ["| stage of one request | us |", "|---|---|"]
    lines += [f"| {name} | {value:.1f} |" for name, value in stages.items()]
    return [
        *lines,
        f"| **whole, processor time of the server** | **{whole:.1f}** |",
        f"| the bare app | {measured['bare_app']:.1f} |",
    ]
