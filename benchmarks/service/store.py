"""Does the store stay as quick as it grows? Each change and each page with 100,000 images, against 1,000.

Two servers with a store each are asked in turn; the small one has a full page of everything. A change costs its time,
and the bytes that the server has the kernel write for it, the database's checkpoints among them. Then, on the large
one alone: 500 pictures in one upload, beside a bare loop that writes and syncs the same files; fifty open pages of a
job that goes on; the memory after all of that, and a cold start.

All of it waits until each server has looked whether its files are there, as it does after a start and every ten
minutes; what that look takes stands beside the figures.
"""

import contextlib
import http.client
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import select

from benchmarks.measure import Result, Row, Setting, ratio_row
from benchmarks.service import images, servers, start, upload
from benchmarks.service.filled import Amount, begin_job, fill
from benchmarks.service.followers import Followers
from benchmarks.service.rows import progress
from server.store.memory import Memory
from server.store.tables import image

SMALL = Amount(images=1_000, batches=200, suspects=400, jobs=200)
FLAGS = ("--upload-quota-images", "1000000")
PAGES = ("/dataset", "/dataset/images", "/retrain/jobs", "/models")
LOOKS = 20  # at each page, in each round
FOLLOWERS = 50
TICK_SECONDS = 2.0  # between a training's events, and its heartbeats
REST_SECONDS = 120.0  # longest wait until the look at the files is over
REST_SHARE = 0.03  # of a core: a server that uses less in a second is at rest
BACKLOG_SECONDS = 120.0  # longest wait until all followers have what was told before they came
MEGABYTE = 2**20


def run(setting: Setting) -> Result:
    large = Amount(setting.stored, setting.stored // 5, SMALL.suspects, max(SMALL.jobs, setting.stored // 100))
    result = Result("store", measured={"sqlite": sqlite3.sqlite_version, "large": vars(large), "small": vars(SMALL)})
    with tempfile.TemporaryDirectory(prefix="relearn-bench-") as made:
        folder = Path(made)
        begun = time.perf_counter()
        memory = fill(folder / "large", large)
        result.measured["fill_seconds"] = time.perf_counter() - begun
        with _serving(folder / "large", memory) as big:
            result.measured["look_at_the_files"] = _come_to_rest(big)
            with _serving(folder / "small", fill(folder / "small", SMALL)) as small, servers.on_core(1):
                _come_to_rest(small)
                _pages(result, setting, big, small)
                _changes(result, setting, big, small)
            with servers.on_core(1):
                upload.measure(result, setting, big.memory, big.call, folder / "bare")
                _follow(result, setting, big)
            resident = big.server.resident_bytes() / MEGABYTE
        seconds = [_cold_start(folder / "large") for _ in range(setting.rounds)]
        memory.close()
    work = f"with {setting.stored:,} images stored"
    result.rows += [
        Row("cold start to the first prediction", work, statistics.median(seconds), "s", at_most=1.0, rounds=seconds),
        Row("resident memory of one worker, after all of that", work, resident, "MB", at_most=120),
    ]
    return result


@dataclass(frozen=True)
class _Side:
    """A store, and a server that serves it."""

    memory: Memory
    server: servers.Server
    connection: http.client.HTTPConnection

    def call(self, method: str, path: str, body: bytes | None = None, content_type: str = "") -> bytes:
        """The body of a good answer."""
        self.connection.request(method, path, body, {"Content-Type": content_type} if content_type else {})
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status in (200, 201), f"{method} {path}: {answer.status} {content[:300]!r}"
        return content

    def written(self) -> int:
        """Bytes that the server had the kernel write to the disk so far, of proc(5)."""
        lines = Path(f"/proc/{self.server.process.pid}/io").read_text().splitlines()
        return int(dict(line.split(": ") for line in lines)["write_bytes"])


@contextlib.contextmanager
def _serving(folder: Path, memory: Memory) -> Iterator[_Side]:
    with servers.ours(flags=FLAGS, folder=folder) as server:
        connection = http.client.HTTPConnection(*server.address, timeout=60)
        with contextlib.closing(connection):
            yield _Side(memory, server, connection)


def _come_to_rest(side: _Side) -> dict[str, float]:
    """Wait until the server has nothing left to do that its start began; what it took."""
    begun, before = time.perf_counter(), side.server.cpu_seconds()
    busy = True
    while busy and time.perf_counter() - begun < REST_SECONDS:
        used = side.server.cpu_seconds()
        time.sleep(1)
        busy = side.server.cpu_seconds() - used > REST_SHARE
    return {"seconds": time.perf_counter() - begun, "cpu_seconds": side.server.cpu_seconds() - before}


def _pages(result: Result, setting: Setting, big: _Side, small: _Side) -> None:
    """A page of each list, the sides in turn."""
    measured: dict[str, object] = {}
    for path in PAGES:
        found: dict[_Side, list[float]] = {big: [], small: []}
        for _ in range(setting.rounds):
            looks: dict[_Side, list[float]] = {big: [], small: []}
            for _ in range(LOOKS):
                for side, seconds in looks.items():
                    seconds.append(_seconds(partial(side.call, "GET", path)))
            for side, seconds in looks.items():
                found[side].append(statistics.median(seconds))
        ratios = [one / other for one, other in zip(found[big], found[small], strict=True)]
        result.rows.append(ratio_row(f"GET {path}", _against(setting, "time"), ratios, at_most=1.3))
        measured[path] = {
            name: {"ms": [each * 1e3 for each in found[side]], "bytes": len(side.call("GET", path))}
            for name, side in (("large", big), ("small", small))
        }
    result.measured["pages"] = measured


def _changes(result: Result, setting: Setting, big: _Side, small: _Side) -> None:
    """So many corrections, acceptances and removals in each round, the sides in turn."""
    count = setting.stored // 1_000
    work = {side: _changes_of(side, count * setting.rounds) for side in (big, small)}
    measured: dict[str, object] = {"of_each_kind_in_a_round": count}
    seconds: dict[tuple[str, _Side], list[float]] = {}
    written: dict[tuple[str, _Side], int] = {}
    for _ in range(setting.rounds):
        for kind in ("correction", "acceptance", "removal"):
            before = {side: side.written() for side in (big, small)}
            took: dict[_Side, list[float]] = {big: [], small: []}
            for _ in range(count):
                for side in (big, small):
                    took[side].append(_seconds(work[side][kind].pop()))
            for side in (big, small):
                seconds.setdefault((kind, side), []).append(statistics.median(took[side]))
                written[kind, side] = written.get((kind, side), 0) + side.written() - before[side]
    for kind in ("correction", "acceptance", "removal"):
        ratios = [one / other for one, other in zip(seconds[kind, big], seconds[kind, small], strict=True)]
        bytes_ratio = written[kind, big] / written[kind, small]
        result.rows += [
            ratio_row(f"one {kind}", _against(setting, "time"), ratios, at_most=1.3),
            Row(f"one {kind}", _against(setting, "bytes written"), bytes_ratio, "x", at_most=1.3),
        ]
        measured[kind] = {
            name: {
                "ms": [each * 1e3 for each in seconds[kind, side]],
                "bytes_each": written[kind, side] / count / setting.rounds,
            }
            for name, side in (("large", big), ("small", small))
        }
    result.measured["changes"] = measured


def _changes_of(side: _Side, count: int) -> dict[str, list[Callable[[], object]]]:
    """So many different changes of each kind, of images all over the store."""
    with side.memory.database.read() as connection:
        suspects = connection.execute(select(image.c.sha256).where(image.c.suspect_id.is_not(None))).scalars().all()
        others = connection.execute(select(image.c.sha256).where(image.c.suspect_id.is_(None))).scalars().all()
    chance = random.Random(0)  # noqa: S311 - it only spreads the work
    forms = [upload.form([images.files()[number]], [str(images.labels()[number])]) for number in range(count)]
    return {
        "correction": [partial(side.call, "POST", "/upload", *form) for form in forms],
        "acceptance": [
            partial(side.call, "POST", f"/dataset/images/{sha256}/accept") for sha256 in chance.sample(suspects, count)
        ],
        "removal": [
            partial(side.call, "DELETE", f"/dataset/images/{sha256}") for sha256 in chance.sample(others, count)
        ],
    }


def _follow(result: Result, setting: Setting, side: _Side) -> None:
    """The server's share of a core while a job goes on, with and without open pages of it."""
    lease = begin_job(side.memory, setting.stored // 10)
    told = setting.stored // 10
    ticks = max(1, round(setting.seconds * 4))

    def goes_on(rest: Callable[[float], None]) -> float:
        nonlocal told
        before, begun = side.server.cpu_seconds(), time.perf_counter()
        for _ in range(ticks):
            due = time.perf_counter() + TICK_SECONDS
            told += 1
            lease.tell("training", progress(told))
            lease.renew()
            rest(due - time.perf_counter())
        return (side.server.cpu_seconds() - before) / (time.perf_counter() - begun) * 100

    alone = goes_on(time.sleep)
    with Followers(side.server.address, lease.job, FOLLOWERS) as followers:
        before, begun = side.server.cpu_seconds(), time.perf_counter()
        followers.read(BACKLOG_SECONDS, lambda: followers.all_know(told))
        backlog = {"seconds": time.perf_counter() - begun, "cpu_seconds": side.server.cpu_seconds() - before}
        followed = goes_on(followers.read)
        assert followers.all_know(told), "somebody who follows the job was not told of it"
    lease.end({"state": "cancelled", "reason": "the benchmark is over"})
    work = f"{FOLLOWERS} open pages of a job with {told:,} events, and one more every {TICK_SECONDS:g} s"
    result.rows.append(Row(work, "processor time of the server", followed, "% of a core", at_most=2))
    result.measured["following"] = {"percent": followed, "percent_with_no_page_open": alone, "backlog": backlog}


def _cold_start(folder: Path) -> float:
    with servers.ours(flags=FLAGS, folder=folder) as server:
        return start.until_first_prediction(server)


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def _against(setting: Setting, what: str) -> str:
    return f"{what}, {setting.stored:,} images stored / {SMALL.images:,}"
