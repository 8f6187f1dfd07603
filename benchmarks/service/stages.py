"""Where the microseconds of one request go: each stage run alone in this process, beside the whole in the server.

The whole is processor time per request of a saturated server; what the stages leave of it is the kernel's sockets, the
event loop and the HTTP parser. Server-Timing's own cost is one of the stages.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import httptools
import numpy as np
import uvloop

from benchmarks.measure import Result, Row, Setting
from benchmarks.service import bare_app, client, images, servers
from server.observe.crew import Crew
from server.observe.metrics import Metrics
from server.pictures import png
from server.pictures.image import Limits
from server.predict import answers
from server.predict.endpoints import small_image_of
from server.serving.batcher import Batcher
from server.serving.prediction import Prediction
from server.settings import Settings
from server.web.access import AccessLog, Record

LIMITS = Limits.of(Settings())
BATCH = 32  # requests at once in a saturated server with as many connections
REPEATS = 20

Item = TypeVar("Item")


def run(setting: Setting) -> Result:
    with servers.on_core(0):
        stages = _stages()
    with servers.ours() as ours, servers.bare() as bare, servers.on_core(1):
        whole = _whole(ours, images.multipart(), setting)
        ceiling = _whole(bare, images.multipart(answer=bare_app.ANSWER), setting)
    rest = whole - sum(stages.values())
    measured = {"microseconds": stages | {"sockets, event loop, protocol": rest}, "whole": whole, "bare_app": ceiling}
    return Result(
        "stages", [Row("Server-Timing", "its part of a request", stages["server-timing"] / whole, "x")], measured
    )


def _stages() -> dict[str, float]:
    model = images.baseline()
    requests = [request.data for request in images.multipart()[:500]]
    files = images.files()[:500]
    kind = b"multipart/form-data; boundary=" + images.BOUNDARY
    bodies = [request.partition(b"\r\n\r\n")[2] for request in requests]
    batch = np.ascontiguousarray(images.pixels()[:BATCH])
    found = model.predict(batch)
    prediction = Prediction(model, int(found.probabilities[0].argmax()), found.probabilities[0], None)
    record = Record("POST", b"/predict", "/predict", "0123abcd-1", 0.1, 200, 0.002, "0", 1e-5, 1e-4, 1e-3, BATCH)
    records = [record] * 500
    log = AccessLog(lambda _: (), lambda _: None)
    metrics = Metrics(Crew())
    whole_decode = _each(lambda data: model.preprocessing.read(data, LIMITS), files)
    unpack = _each(lambda data: png.read_grey(data, 28, 28), files)
    return {
        "parse: HTTP": _each(lambda data: httptools.HttpRequestParser(_Nothing()).feed_data(data), requests),
        "parse: the file in the form": _each(lambda body: small_image_of(kind, body), bodies),
        "decode: PNG to pixels": unpack,
        "decode: checks of the picture": whole_decode - unpack,
        "queue: into a batch and back": uvloop.run(_queueing(prediction)),
        f"run: the model, {BATCH} at once": _each(lambda _: model.predict(batch), range(50)) / BATCH,
        "write: JSON": _each(lambda _: answers.as_json(answers.content_of(prediction)), range(500)),
        "server-timing": _each(lambda _: answers.server_timing(record), range(500)),
        "access log": _each(lambda _: _written(log, records), range(2)) / len(records),
        "metrics": _each(lambda _: _counted(metrics, records), range(2)) / len(records),
    }


def _written(log: AccessLog, records: list[Record]) -> None:
    log._pending = records
    log.flush()


def _counted(metrics: Metrics, records: list[Record]) -> None:
    metrics.count_requests(records)
    metrics.count_stages(records)


class _Nothing:
    """A parser's callbacks that do nothing."""


def _each(work: Callable[[Item], object], items: Sequence[Item]) -> float:
    """Microseconds an item: the best of some passes, since everything that disturbs only adds."""
    passes = []
    for _ in range(REPEATS):
        begun = time.process_time()
        for item in items:
            work(item)
        passes.append(time.process_time() - begun)
    return min(passes) / len(items) * 1e6


async def _queueing(prediction: Prediction) -> float:
    """Microseconds a row spends our processor time in the batcher, without the model."""
    given = [prediction] * BATCH
    batcher: Batcher[Prediction] = Batcher(lambda rows: given[: len(rows)], lambda: False, BATCH, 1024, 5.0)
    rows = [image[None][0] for image in images.pixels()[:BATCH]]
    passes = []
    for _ in range(REPEATS * 10):
        begun = time.process_time()
        await asyncio.gather(*[batcher.submit((row,)) for row in rows])
        passes.append(time.process_time() - begun)
    return min(passes) / BATCH * 1e6


def _whole(server: servers.Server, requests: Sequence[client.Request], setting: Setting) -> float:
    """Microseconds of processor time that the saturated server spends on a request, at best, as with the stages."""
    client.load(server.address, requests, BATCH, setting.seconds / 3)
    found = []
    for _ in range(setting.rounds):
        before = server.cpu_seconds()
        seen = client.load(server.address, requests, BATCH, setting.seconds)
        found.append((server.cpu_seconds() - before) / max(len(seen.samples), 1) * 1e6)
    return min(found)
