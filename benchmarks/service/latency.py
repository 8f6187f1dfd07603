"""What one request takes when nothing else is going on, against the parts that it can't do without.

The parts are the bare application's own round trip, finding and decoding the picture, and one run of the model: each
measured alone. What is above their sum is our own doing. Between two measurements of a part there is a pause as long as
the bare application's round trip, since that is how a server with one client meets them: in a bare loop, with all that
they need in the processor's caches, they take less than half.
"""

import statistics
import time
from collections.abc import Callable

from benchmarks.measure import Result, Setting, ratio_row
from benchmarks.service import bare_app, client, images, servers
from server.pictures.image import Limits
from server.predict.endpoints import small_image_of
from server.settings import Settings

LIMITS = Limits.of(Settings())


def run(setting: Setting) -> Result:
    model = images.baseline()
    kind = b"multipart/form-data; boundary=" + images.BOUNDARY
    bodies = [request.data.partition(b"\r\n\r\n")[2] for request in images.multipart()[:1000]]
    pixels = images.pixels()
    ours_ms: list[float] = []
    bare_ms: list[float] = []
    decode_ms, run_ms, ratios = [], [], []
    with servers.ours() as ours, servers.bare() as bare:
        for _ in range(setting.rounds):
            with servers.on_core(1):
                for server, answer, found in ((bare, bare_app.ANSWER, bare_ms), (ours, None, ours_ms)):
                    seen = client.load(server.address, images.multipart(answer=answer), 1, setting.seconds)
                    found.append(statistics.median(sample.seconds for sample in seen.answered) * 1e3)
            with servers.on_core(0):
                pause = bare_ms[-1] / 1e3
                decode_ms.append(
                    _median_ms(
                        lambda i: model.preprocessing.read(small_image_of(kind, bodies[i]) or b"", LIMITS), pause
                    )
                )
                run_ms.append(_median_ms(lambda i: model.predict(pixels[i : i + 1]), pause))
            ratios.append(ours_ms[-1] / (bare_ms[-1] + decode_ms[-1] + run_ms[-1]))
    measured = {"ours_p50_ms": ours_ms, "bare_p50_ms": bare_ms, "decode_ms": decode_ms, "model_run_ms": run_ms}
    row = ratio_row("one connection, p50", "ours / (bare + decode + one model run)", ratios, at_most=1.4)
    return Result("latency", [row], dict(measured))


def _median_ms(work: Callable[[int], object], pause_seconds: float) -> float:
    taken = []
    for number in range(1000):
        time.sleep(pause_seconds)
        begun = time.perf_counter()
        work(number)
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken) * 1e3
