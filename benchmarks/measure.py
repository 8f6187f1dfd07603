"""What every benchmark needs: how long to measure, what a result is, and on what machine it was got."""

import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from math import comb
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Json = object

PACKAGES = ("httptools", "numpy", "onnxruntime", "orjson", "pillow", "sqlalchemy", "starlette", "uvicorn", "uvloop")


@dataclass(frozen=True)
class Setting:
    """How thoroughly to measure."""

    seconds: float = 3.0  # of one measurement
    rounds: int = 3  # of what is compared, taken in turn, so that a slow moment of the machine meets all alike
    swaps: int = 200
    stored: int = 100_000  # images of the larger store
    overload_seconds: float = 30.0
    peer_python: Path | None = None  # the interpreter of the environment that has FastAPI

    def finer(self) -> "Setting":
        """The same time in many short rounds, since what the machine's other users do lasts for seconds."""
        parts = max(1, min(4, int(self.seconds / 0.5)))
        return replace(self, seconds=self.seconds / parts, rounds=self.rounds * parts)


FULL = Setting()
QUICK = Setting(seconds=0.4, rounds=3, swaps=6, stored=10_000, overload_seconds=1.2)
TINY = Setting(seconds=0.15, rounds=1, swaps=2, stored=2_000, overload_seconds=0.3)


@dataclass(frozen=True)
class Row:
    """One figure of the table."""

    work: str
    figure: str  # what is compared with what
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    rounds: Sequence[float] = ()  # the figure in each round, of which `value` is the median

    @property
    def reached(self) -> bool | None:
        """Whether it is what was to be reached; None where nothing was set."""
        if self.at_least is None and self.at_most is None:
            return None
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )


@dataclass
class Result:
    """What one benchmark found: figures for the table, and everything absolute that they were made from."""

    name: str
    rows: list[Row] = field(default_factory=list)
    measured: dict[str, Json] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        return {
            "benchmark": self.name,
            "machine": machine(),
            "rows": [asdict(row) | {"reached": row.reached} for row in self.rows],
            "measured": self.measured,
        }


Benchmark = Callable[[Setting], Result]


def ratio_row(work: str, figure: str, values: Sequence[float], **bounds: float) -> Row:
    """The median of ratios that were each taken within one round."""
    return Row(work, figure, statistics.median(values), "x", rounds=list(values), **bounds)


def lost_and_gained(before: NDArray[np.bool_], now: NDArray[np.bool_]) -> tuple[int, int, float]:
    """Of what two models read rightly: how much only the first, how much only the second, and how probable it is that
    so many of the answers that changed, or more, are losses where neither is better.

    The exact test of McNemar (1947, Psychometrika 12, 153-157), as the gate has it (export/paired.py), without SciPy,
    which is not where the service runs.
    """
    lost, gained = int((before & ~now).sum()), int((now & ~before).sum())
    trials = lost + gained
    return lost, gained, sum(comb(trials, number) for number in range(lost, trials + 1)) / 2**trials


def percentile(seconds: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies; not a number of an empty sequence."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def machine() -> dict[str, Json]:
    """Where and with what the figures were got."""
    processor = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": processor,
        "cores": len(os.sched_getaffinity(0)),
        "load_average": os.getloadavg()[0],
        "kernel": platform.release(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }
