"""Pictures that are not the model's size yet: what a drawing, a photograph and a large photograph cost.

The rate over HTTP is set against what Pillow alone reaches in a bare loop that opens, converts and resizes the same
file, without a check, a network or a model. Then small requests at half of capacity are timed with and without two
large ones a second beside them.
"""

import io
import threading
import time

import numpy as np
from PIL import Image

from benchmarks.measure import Result, Row, Setting, percentile, ratio_row
from benchmarks.service import client, images, servers
from benchmarks.service.client import Request

LARGE_EACH_SECOND = 2.0


def run(setting: Setting) -> Result:
    files = {
        "280x280 RGBA PNG from a canvas": (drawing(), b"image/png"),
        "640x480 JPEG": (photograph(640, 480), b"image/jpeg"),
        "12-megapixel JPEG": (photograph(4000, 3000), b"image/jpeg"),
    }
    rows, measured = [], {}
    with servers.ours() as ours:
        for name, (data, kind) in files.items():
            requests = [Request(images.raw_request("/predict", kind, data), b'{"prediction":')]
            rates, pillow, ratios = [], [], []
            for _ in range(setting.rounds):
                with servers.on_core(0):
                    pillow.append(_pillow_rate(data, setting.seconds / 3))
                with servers.on_core(1):
                    seen = client.load(ours.address, requests, 4, setting.seconds)
                assert not seen.wrong, f"a {name} was answered wrongly"
                rates.append(len(seen.samples) / _until_last(seen))
                ratios.append(rates[-1] / pillow[-1])
            rows.append(ratio_row(f"POST /predict, {name}", "ours / Pillow alone", ratios, at_least=0.7))
            measured[name] = {"requests_per_second": rates, "pillow_per_second": pillow}
        beside, alone = _small_beside_large(ours, files["12-megapixel JPEG"], setting)
    rows.append(
        Row(
            "small requests at half of capacity, 2 large a second beside them",
            "p99 above what it is without",
            (beside - alone) * 1e3,
            "ms",
            at_most=10.0,
        )
    )
    return Result("large", rows, measured | {"small_p99_ms": {"alone": alone * 1e3, "beside_large": beside * 1e3}})


def drawing() -> bytes:
    """A digit as the page's canvas sends it: black on white, opaque RGBA."""
    digit = Image.fromarray(255 - images.pixels()[0][:, :, 0]).resize((280, 280), Image.Resampling.BICUBIC)
    return images.as_file(Image.merge("RGBA", [digit, digit, digit, Image.new("L", digit.size, 255)]), "PNG")


def photograph(width: int, height: int) -> bytes:
    """A digit on grey, slightly noisy paper, as a JPEG."""
    side = min(width, height) * 2 // 3
    digit = Image.fromarray(images.pixels()[0][:, :, 0]).resize((side, side), Image.Resampling.BICUBIC)
    paper = Image.new("L", (width, height), 210)
    paper.paste(30, ((width - side) // 2, (height - side) // 2), digit)
    noise = np.random.default_rng(0).normal(0, 4, (height, width, 3)).astype(np.float32)
    pixels = (np.asarray(paper.convert("RGB"), np.float32) + noise).clip(0, 255).astype(np.uint8)
    return images.as_file(Image.fromarray(pixels), "JPEG")


def _pillow_rate(data: bytes, seconds: float) -> float:
    begun = time.perf_counter()
    number = 0
    while time.perf_counter() < begun + seconds or not number:
        Image.open(io.BytesIO(data)).convert("L").resize((28, 28))
        number += 1
    return number / (time.perf_counter() - begun)


def _until_last(seen: client.Run) -> float:
    """Seconds from the first request sent to the last answer: with few slow requests the end of a run is ragged."""
    return max(sample.started + sample.seconds for sample in seen.samples) - min(
        sample.started for sample in seen.samples
    )


def _small_beside_large(ours: servers.Server, large: tuple[bytes, bytes], setting: Setting) -> tuple[float, float]:
    """The small requests' p99 in seconds, with and without the large ones."""
    small = images.multipart()
    big = [Request(images.raw_request("/predict", large[1], large[0]), b'{"prediction":')]
    seconds = setting.seconds * 2
    with servers.on_core(1):
        rate = client.load(ours.address, small, 32, setting.seconds).rate / 2
        alone = client.load(ours.address, small, 16, seconds, rate=rate)
        other = threading.Thread(target=client.load, args=(ours.address, big, 2, seconds, LARGE_EACH_SECOND))
        other.start()
        beside = client.load(ours.address, small, 16, seconds, rate=rate)
        other.join()
    return tuple(percentile([sample.seconds for sample in seen.samples], 0.99) for seen in (beside, alone))  # type: ignore[return-value]
