"""Whether a second worker costs the first one anything: requests per second of worker processor time, two against one.

The client shares the two cores with the workers here, so that the clock would say more of the client than of them. What
two processes of any server cost each other on this machine, by caches and scheduler, the bare application tells,
measured the same way in the same round.
"""

from collections.abc import Sequence

from benchmarks.measure import Result, Setting, ratio_row
from benchmarks.service import bare_app, client, images, servers
from benchmarks.service.client import Request
from benchmarks.service.servers import Server

TWO = ["--workers", "2"]


def run(setting: Setting) -> Result:
    digits, given = images.multipart(), images.multipart(answer=bare_app.ANSWER)
    setting = setting.finer()
    by_cpu: dict[str, list[float]] = {"ours, 1": [], "ours, 2": [], "bare, 1": [], "bare, 2": []}
    with (
        servers.ours(core=None) as ours,
        servers.ours(core=None, flags=TWO) as ours_two,
        servers.bare(core=None) as bare,
        servers.bare(core=None, flags=TWO) as bare_two,
    ):
        for _ in range(setting.rounds):
            by_cpu["ours, 1"].append(_by_cpu(ours, digits, setting.seconds))
            by_cpu["ours, 2"].append(_by_cpu(ours_two, digits, setting.seconds))
            by_cpu["bare, 1"].append(_by_cpu(bare, given, setting.seconds))
            by_cpu["bare, 2"].append(_by_cpu(bare_two, given, setting.seconds))
    figure = "requests per worker CPU second"
    rows = [
        ratio_row("2 workers against 1", figure, _ratios(by_cpu["ours, 2"], by_cpu["ours, 1"]), at_least=0.9),
        ratio_row("the bare application, 2 workers against 1", figure, _ratios(by_cpu["bare, 2"], by_cpu["bare, 1"])),
    ]
    return Result("workers", rows, {"requests_per_worker_cpu_second": by_cpu})


def _by_cpu(server: Server, requests: Sequence[Request], seconds: float) -> float:
    """Requests for each second of processor time that the server spends on them."""
    before = server.cpu_seconds()
    seen = client.load(server.address, requests, 64, seconds)
    spent = server.cpu_seconds() - before
    assert not seen.wrong, "a worker answered wrongly"
    return len(seen.samples) / max(spent, 0.01)


def _ratios(two: Sequence[float], one: Sequence[float]) -> list[float]:
    return [double / single for double, single in zip(two, one, strict=True)]
