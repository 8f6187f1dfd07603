"""What it costs a request that samples are collected, drift is watched and a version in shadow is asked of a fifth.

Two servers on one core, of which one does all of that and the other none of it, answer in turn within one run: as fast
as they can, for the processor time of a request; at a pace of half of that, for its 99th percentile; and each picture
alone, for what they answer. The serving thread is what requests wait for; the other threads, which ask the version in
shadow and store samples, have the lowest priority.
"""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks import shipped
from benchmarks.measure import Result, Row, Setting, percentile, ratio_row
from benchmarks.service import client, images, servers
from export.publish import publish
from server.store.memory import open_memory

PERCENT = 20.0
CONNECTIONS = 32
ROUNDS = 10  # for each of a setting's, since what the machine's other users do lasts for seconds
WATCHES = {"none of it": ["--drift-false-alarm-requests", "0"], "all of it": ["--collect"]}
NONE, ALL = WATCHES
SINGLE_SECONDS = 2.0  # of pictures one by one, in a piece


def run(setting: Setting) -> Result:
    rounds = ROUNDS * setting.rounds if setting.rounds > 1 else 1
    seconds = setting.seconds / 3
    requests = images.multipart()
    with ExitStack() as stack:
        both = {name: stack.enter_context(_server(flags)) for name, flags in WATCHES.items()}
        both[ALL].call("POST", "/models/2/shadow", {"percent": PERCENT, "minutes": 24 * 60})
        with servers.on_core(1):
            for each in both.values():
                client.load(each.address, requests, CONNECTIONS, setting.seconds)  # as warm as they will be
            changed = _changed(both, len(requests) if setting.rounds > 1 else 200)
            paid = [{name: _Paid.of(each, requests, seconds) for name, each in both.items()} for _ in range(rounds)]
            rate = statistics.median(each[ALL].rate for each in paid) / 2
            p99s = [{name: _p99(each, requests, rate, seconds) for name, each in both.items()} for _ in range(rounds)]
            asked = both[ALL].call("GET", "/models/2/shadow")["progress"]
    serving = [each[ALL].serving_us - each[NONE].serving_us for each in paid]
    whole = [each[ALL].whole_us - each[NONE].whole_us for each in paid]
    work = f"collecting, watching drift, a shadow of {PERCENT:g} %"
    rows = [
        Row(
            work,
            "processor time of the serving thread, a request",
            statistics.median(serving),
            "us more",
            at_most=3.0,
            rounds=serving,
        ),
        Row(work, "processor time of all its threads, a request", statistics.median(whole), "us more", rounds=whole),
        ratio_row(
            work, "p99 at half of capacity, with / without", [each[ALL] / each[NONE] for each in p99s], at_most=1.1
        ),
        Row(work, "answers that are others", changed, "", at_most=0),
    ]
    measured = {
        "us": {name: statistics.median(each[name].serving_us for each in paid) for name in both},
        "p99_ms": {name: 1e3 * statistics.median(each[name] for each in p99s) for name in both},
        "requests_per_second": {name: statistics.median(each[name].rate for each in paid) for name in both},
        "paced": rate,
        "shadow_asked_of": asked["shadow"]["pictures"],
        "shadow_had_no_time_for": asked["dropped"],
    }
    return Result("observing", rows, dict(measured))


@dataclass(frozen=True)
class _Paid:
    """What requests took, at full speed."""

    serving_us: float  # of processor time in the thread that answers, for each
    whole_us: float  # in all threads
    rate: float  # requests a second

    @classmethod
    def of(cls, ours: servers.Server, requests: list[client.Request], seconds: float) -> "_Paid":
        before = _thread_seconds(ours)
        seen = client.load(ours.address, requests, CONNECTIONS, seconds)
        after = _thread_seconds(ours)
        assert not seen.wrong
        spent = {thread: each - before.get(thread, 0.0) for thread, each in after.items()}
        number = len(seen.answered)
        return cls(1e6 * spent[ours.process.pid] / number, 1e6 * sum(spent.values()) / number, seen.rate)


def _thread_seconds(ours: servers.Server) -> dict[int, float]:
    """Processor time of each thread so far: https://docs.kernel.org/scheduler/sched-stats.html."""
    found = {}
    for task in Path(f"/proc/{ours.process.pid}/task").iterdir():
        with suppress(FileNotFoundError):  # one that ended meanwhile
            found[int(task.name)] = int((task / "schedstat").read_text().split()[0]) / 1e9
    return found


def _p99(ours: servers.Server, requests: list[client.Request], rate: float, seconds: float) -> float:
    seen = client.load(ours.address, requests, CONNECTIONS, seconds, rate=rate)
    assert not seen.wrong
    return percentile([sample.seconds for sample in seen.samples], 0.99)


def _changed(both: dict[str, servers.Server], pictures: int) -> int:
    """Of how many pictures the two answer otherwise, byte by byte; one by one, as a batch rounds otherwise."""
    requests = images.multipart()[:pictures]
    bodies = []
    for ours in both.values():
        answered: dict[int, bytes] = {}
        while len(answered) < pictures:
            first = len(answered)
            seen = client.load(ours.address, requests[first:], 1, SINGLE_SECONDS, keeps_answers=True)
            for sample in seen.answered:
                answered.setdefault(first + sample.request, sample.answer.partition(b"\r\n\r\n")[2])
        bodies.append(answered)
    return sum(bodies[0][picture] != bodies[1][picture] for picture in range(pictures))


@contextmanager
def _server(flags: list[str]) -> Iterator[servers.Server]:
    """A server of version 1, with version 2 beside it; both are the shipped model."""
    with tempfile.TemporaryDirectory(prefix="relearn-bench-") as made:
        folder = Path(made)
        store = open_memory(folder / "artifacts", folder / "data", "digits", shipped.FOLDER)
        for _ in range(2):
            publish(store, shipped.candidate(), store.pointer.current(), "a benchmark")
        store.versions.promote("1", "a benchmark", "", "2")
        store.close()
        with servers.ours(folder=folder, flags=flags) as ours:
            yield ours
