"""What happens to those who are admitted when far more come than the queue takes.

Four times as many connections as the queue has places, each asking again the moment it has an answer or a refusal:
the hardest clients there are, for they disregard Retry-After. The queue is made small, since with that many
connections beyond a queue of 1,024 refusing each within 50 ms would take more answers than the bare web server gives
at all. A second run has the default queue and clients that wait the second that Retry-After asks for; since all of
them come at once in its first moment, and refusals are paced, its slowest refusals are those of that moment.
"""

from collections.abc import Sequence

from benchmarks.measure import Result, Row, Setting, percentile
from benchmarks.service import client, images, servers
from benchmarks.service.client import Run
from server.machine import descriptors

QUEUE = 64
DEFAULT_QUEUE = 1024
DESCRIPTORS = 200  # of a client or server that are no connections of this benchmark's


def run(setting: Setting) -> Result:
    rows, measured = [], {}
    large = min(DEFAULT_QUEUE, (descriptors.limit() - DESCRIPTORS) // 4)  # where no more connections may be had
    for name, queue, back_off in (("asking again at once", QUEUE, 0.0), ("heeding Retry-After", large, 1.0)):
        with servers.ours(flags=["--queue-limit", str(queue)]) as ours, servers.on_core(1):
            requests = images.multipart()
            client.load(ours.address, requests, 32, setting.seconds / 3)
            around = [_alone_and_full(ours, requests, queue, setting)]
            over = client.load(ours.address, requests, 4 * queue, setting.overload_seconds, back_off_seconds=back_off)
            around.append(_alone_and_full(ours, requests, queue, setting))
            alone, full = (_together(runs) for runs in zip(*around, strict=True))
        work = f"overload, queue of {queue}, {4 * queue} connections {name}"
        admitted, refused = _p99(over, 200), _p99(over, 503)
        rows += [
            Row(work, "admitted p99 / p99 with a full queue", admitted / _p99(full, 200), "x", at_most=2.0),
            Row(work, "refused p99", refused * 1e3, "ms", at_most=None if back_off else 50.0),
            Row(work, "admitted / capacity", over.rate / alone.rate, "x", at_least=0.7),
            Row(work, "wrong or lost", over.wrong + over.lost, "", at_most=0),
        ]
        measured[name] = {
            "capacity_per_second": alone.rate,
            "full_queue_per_second": full.rate,
            "full_queue_p99_ms": _p99(full, 200) * 1e3,
            "admitted_per_second": over.rate,
            "admitted_p99_ms": admitted * 1e3,
            "refused_per_second": (len(over.samples) - len(over.answered)) / over.seconds,
            "refused_p99_ms": refused * 1e3,
        }
    return Result("overload", rows, dict(measured))


def _alone_and_full(
    ours: servers.Server, requests: list[client.Request], queue: int, setting: Setting
) -> tuple[Run, Run]:
    """At capacity, and with as many connections as the queue has places."""
    alone = client.load(ours.address, requests, 32, setting.seconds)
    return alone, client.load(ours.address, requests, queue, setting.overload_seconds / 3)


def _together(runs: Sequence[Run]) -> Run:
    """What was measured before and after, for the machine's speed changes within minutes."""
    return Run(sum(run.seconds for run in runs), [sample for run in runs for sample in run.samples])


def _p99(run: Run, status: int) -> float:
    return percentile([sample.seconds for sample in run.samples if sample.status == status], 0.99)
