"""What a client gains that has many pictures at once: 64 in one request against one by one, both with 32 at work.

Single requests use 32 connections, batches 4: enough that the server always has the next one.
"""

from benchmarks.measure import Result, Setting, ratio_row
from benchmarks.service import client, images, servers

SIZE = 64


def run(setting: Setting) -> Result:
    singles, batches, ratios = [], [], []
    requests = images.batches(SIZE)
    setting = setting.finer()
    with servers.ours() as ours, servers.on_core(1):
        for _ in range(setting.rounds):
            singles.append(client.load(ours.address, images.multipart(), 32, setting.seconds).rate)
            seen = client.load(ours.address, requests, 4, setting.seconds)
            assert not seen.wrong, "a batch was refused or answered wrongly"
            batches.append(seen.rate * SIZE)
            ratios.append(batches[-1] / singles[-1])
    row = ratio_row(f"POST /predict/batch, {SIZE} PNG a request", "images/s, batch / single", ratios, at_least=2.0)
    return Result("batch", [row], {"images_per_second": {"single": singles, "batch": batches}})
