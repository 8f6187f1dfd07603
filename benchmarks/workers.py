"""Whether a second worker costs the first one anything: requests per second of worker processor time, two against one.

The client shares the two cores with the workers here, so that the clock would say more of the client than of them.
"""

from benchmarks import client, images, servers
from benchmarks.measure import Result, Setting, ratio_row


def run(setting: Setting) -> Result:
    rates: dict[int, list[float]] = {1: [], 2: []}
    by_cpu: dict[int, list[float]] = {1: [], 2: []}
    with (
        servers.ours(core=None) as one,
        servers.ours(core=None, flags=["--workers", "2"]) as two,
    ):
        for _ in range(setting.rounds):
            for number, server in ((1, one), (2, two)):
                before = server.cpu_seconds()
                seen = client.load(server.address, images.multipart(), 64, setting.seconds)
                spent = server.cpu_seconds() - before
                assert not seen.wrong, "a worker answered wrongly"
                rates[number].append(seen.rate)
                by_cpu[number].append(len(seen.samples) / max(spent, 0.01))
    ratios = [double / single for single, double in zip(by_cpu[1], by_cpu[2], strict=True)]
    row = ratio_row("2 workers against 1", "requests per worker CPU second", ratios, at_least=0.9)
    return Result("workers", [row], {"requests_per_second": rates, "requests_per_worker_cpu_second": by_cpu})
