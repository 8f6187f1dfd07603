"""Whether anybody notices when the model changes: 200 swaps at half of capacity.

Two versions of the same model take turns. A request overlaps a swap if it was under way between the move of the pointer
and the first moment at which the last worker is seen to serve the new version. Asked for is that none fails, that those
which overlap are hardly slower, and that memory does not grow with the number of swaps.
"""

import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks import shipped
from benchmarks.measure import Result, Row, Setting, percentile, ratio_row
from benchmarks.service import client, images, servers
from export.publish import publish
from server.store.memory import Memory, open_memory

CONNECTIONS = 16
PAUSE_SECONDS = 0.3  # between swaps, so that there are requests that overlap none
ROUND = 10  # swaps whose requests are compared with each other: of the rounds the median is taken
LONGEST_SWAP_SECONDS = 10.0
LOOK_SECONDS = 0.01  # between looks at what the workers serve
SWAPS_FOR_A_SLOPE = 100  # the first dozens still fill the allocator's pools
MEGABYTE = 2**20


def run(setting: Setting) -> Result:
    with tempfile.TemporaryDirectory(prefix="relearn-bench-") as made:
        folder = Path(made)
        _two_versions(folder)
        with servers.ours(folder=folder) as ours, servers.on_core(1):
            requests = images.multipart()
            client.load(ours.address, requests, 32, setting.seconds / 3)
            capacity = min(client.load(ours.address, requests, 32, setting.seconds).rate for _ in range(setting.rounds))
            # A process of its own: in the client's, its looks at the database would delay the answers that are timed.
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as swapper:
                swapping = swapper.submit(_swap, folder, setting.swaps, ours.processes)
                seen = [client.load(ours.address, requests, CONNECTIONS, 2.0, rate=capacity / 2)]
                while not swapping.done():
                    seen.append(client.load(ours.address, requests, CONNECTIONS, 2.0, rate=capacity / 2))
                spans, memory = swapping.result()
    samples = [sample for run in seen for sample in run.samples]
    rounds = [_apart(samples, spans[first : first + ROUND]) for first in range(0, len(spans), ROUND)]
    during, others = ([seconds for part in parts for seconds in part] for parts in zip(*rounds, strict=True))
    failed = sum(run.wrong + run.lost + len(run.samples) - len(run.answered) for run in seen)
    half = len(memory) // 2
    growth = memory[-1] - memory[0]
    slope = (memory[-1] - memory[half]) / max(len(memory) - 1 - half, 1) * 100
    work = f"{len(spans)} model swaps at half of capacity"
    ratios = [percentile(one, 0.99) / percentile(other, 0.99) for one, other in rounds]
    rows = [
        Row(work, "failed requests", failed, "", at_most=0),
        ratio_row(work, "p99 of requests that overlap a swap / the others'", ratios, at_most=1.5),
        Row(work, "memory after them", growth, "MB more", at_most=20),
    ]
    if len(memory) >= SWAPS_FOR_A_SLOPE:
        rows.append(Row(work, "growth over their second half, per 100", slope, "MB", at_most=5))
    measured = {
        "requests": len(samples),
        "overlapping": len(during),
        "p99_ms": {"overlapping": percentile(during, 0.99) * 1e3, "others": percentile(others, 0.99) * 1e3},
        "p50_ms": {"overlapping": percentile(during, 0.5) * 1e3, "others": percentile(others, 0.5) * 1e3},
        "swap_seconds": statistics.median(last - first for first, last in spans),
        "resident_megabytes": memory,
    }
    return Result("swaps", rows, dict(measured))


def _apart(samples: list[client.Sample], spans: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Seconds of the requests that overlap one of these successive swaps, and of the others between them."""
    during: list[float] = []
    others: list[float] = []
    for sample in samples:
        begun, end = sample.started, sample.started + sample.seconds
        if end > spans[0][0] - PAUSE_SECONDS and begun < spans[-1][1] + PAUSE_SECONDS:
            overlaps = any(begun < last and end > first for first, last in spans)
            (during if overlaps else others).append(sample.seconds)
    return during, others


def _store(folder: Path) -> Memory:
    return open_memory(folder / "artifacts", folder / "data", "digits", shipped.FOLDER)


def _two_versions(folder: Path) -> None:
    """Versions 1 and 2, both of the baseline's files, and version 1 current."""
    store = _store(folder)
    for _ in range(2):
        publish(store, shipped.candidate(), store.pointer.current(), "benchmark")
    store.versions.promote("1", "benchmark", "", "2")


def _swap(folder: Path, swaps: int, pids: Sequence[int]) -> tuple[list[tuple[float, float]], list[float]]:
    """When each swap began and was seen to be over, in seconds of the clock that all processes share; memory in MB."""
    store = _store(folder)
    spans: list[tuple[float, float]] = []
    memory: list[float] = []
    for number in range(swaps):
        before, after = ("1", "2") if number % 2 == 0 else ("2", "1")
        begun = time.perf_counter()
        store.versions.promote(after, "benchmark", "", before)
        while not store.workers.all_serve(after) and time.perf_counter() < begun + LONGEST_SWAP_SECONDS:
            time.sleep(LOOK_SECONDS)
        spans.append((begun, time.perf_counter()))
        memory.append(servers.resident_bytes(pids) / MEGABYTE)
        time.sleep(PAUSE_SECONDS)
    return spans, memory
