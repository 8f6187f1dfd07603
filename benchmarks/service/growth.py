"""How cost grows: throughput and p99 over connections, batch size, body size and workers, as figures and plots."""

from benchmarks.measure import Result, Setting, percentile
from benchmarks.service import client, images, servers
from benchmarks.service.client import Request, Run

CONNECTIONS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
BODY_BYTES = (256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576)
WORKERS = (1, 2)


def run(setting: Setting) -> Result:
    seconds = setting.seconds * 2 / 3
    small = images.multipart()
    points: dict[str, list[dict[str, float]]] = {"connections": [], "batch size": [], "body bytes": [], "workers": []}
    with servers.ours() as ours, servers.on_core(1):
        client.load(ours.address, small, 32, seconds)
        for number in CONNECTIONS:
            points["connections"].append(_point(number, client.load(ours.address, small, number, seconds)))
        for size in BATCHES:
            seen = client.load(ours.address, images.batches(size), 4, seconds)
            points["batch size"].append(_point(size, seen, images_each=size))
        for size in BODY_BYTES:
            seen = client.load(ours.address, [_padded(size)], 8, seconds)
            points["body bytes"].append(_point(size, seen))
    for workers in WORKERS:
        with servers.ours(core=None, flags=["--workers", str(workers)]) as several:
            client.load(several.address, small, 64, seconds)
            points["workers"].append(_point(workers, client.load(several.address, small, 64, seconds)))
    return Result("growth", [], {"points": points})


def _point(at: float, seen: Run, images_each: int = 1) -> dict[str, float]:
    assert not seen.wrong, f"wrong answers at {at}"
    times = [sample.seconds for sample in seen.answered]
    return {
        "at": at,
        "images_per_second": seen.rate * images_each,
        "p50_ms": percentile(times, 0.5) * 1e3,
        "p99_ms": percentile(times, 0.99) * 1e3,
        "refused": len(seen.samples) - len(seen.answered),
    }


def _padded(size: int) -> Request:
    """A PNG of about `size` bytes whose picture is the same: what is added is a chunk that every reader passes over."""
    data = images.with_padding(images.files()[0], max(size - len(images.files()[0]) - 12, 0))
    return Request(images.raw_request("/predict", b"image/png", data), b'{"prediction":%d,' % images.predictions()[0])
