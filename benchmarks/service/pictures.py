"""How much memory it takes to read one picture of each kind and mode, beside its file, each in a process of its own.

Set against what is reckoned from its header (server/pictures/cost.py), by which it is taken or refused.
"""

import io
import json
import subprocess
import sys

import numpy as np
from PIL import Image

from benchmarks.measure import Result, Row, Setting

SIDE = 1400  # pixels of a square picture; the limit of WebP is a little above. Uncompressed, a PNG is Pillow's business
KINDS: dict[str, tuple[str, str, dict[str, object]]] = {
    "PNG, 1": ("PNG", "1", {}),
    "PNG, L": ("PNG", "L", {"compress_level": 0}),
    "PNG, P": ("PNG", "P", {}),
    "PNG, I;16": ("PNG", "I;16", {}),
    "PNG, LA": ("PNG", "LA", {}),
    "PNG, RGB": ("PNG", "RGB", {"compress_level": 0}),
    "PNG, RGBA": ("PNG", "RGBA", {"compress_level": 0}),
    "GIF, P": ("GIF", "P", {}),
    "GIF, P, interlaced": ("GIF", "P", {"interlace": 1}),
    "BMP, L": ("BMP", "L", {}),
    "BMP, RGB": ("BMP", "RGB", {}),
    "BMP, RGBA": ("BMP", "RGBA", {}),
    "JPEG, L": ("JPEG", "L", {}),
    "JPEG, RGB": ("JPEG", "RGB", {}),
    "JPEG, CMYK": ("JPEG", "CMYK", {}),
    "JPEG, L, progressive": ("JPEG", "L", {"progressive": True}),
    "JPEG, RGB, progressive": ("JPEG", "RGB", {"progressive": True, "subsampling": 0}),
    "JPEG, RGB 4:2:0, progressive": ("JPEG", "RGB", {"progressive": True, "subsampling": 2}),
    "JPEG, CMYK, progressive": ("JPEG", "CMYK", {"progressive": True, "subsampling": 0}),
    "WebP, RGB": ("WEBP", "RGB", {"method": 0}),
    "WebP, RGBA": ("WEBP", "RGBA", {"method": 0}),
    "WebP, RGBA, lossless": ("WEBP", "RGBA", {"lossless": True, "method": 0, "quality": 0}),
}
# Reads a picture from its input. Its peak is put back before, and is read after: /proc/self/clear_refs, proc(5).
_READER = """
import json, pathlib, sys
from server.pictures import cost, image
from server.settings import Settings
data = sys.stdin.buffer.read()
limits = image.Limits.of(Settings())
reckoned = []
def reckon(*known, of=cost.of):
    reckoned.append(of(*known))
    return reckoned[-1]
image.cost.of = reckon
image.read(image.as_png(image.pixels(image.Image.new("RGBA", (99, 99), "red"))), 1, limits)
def held(name):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
pathlib.Path("/proc/self/clear_refs").write_text("5")
before = held("VmRSS")
size = image.read(data, 1, limits).size
print(json.dumps([held("VmHWM") - before, reckoned[-1]]))
"""


def run(setting: Setting) -> Result:  # noqa: ARG001 - there is nothing to be had from measuring it again
    measured = {}
    for name, (kind, mode, options) in KINDS.items():
        peak, reckoned = _measured(_file(kind, mode, options))
        measured[name] = {"peak": peak / SIDE**2, "reckoned": reckoned / SIDE**2}
    most = max(each["peak"] - each["reckoned"] for each in measured.values()) * SIDE**2
    row = Row("reading one picture of any kind", "peak memory above what is reckoned", most / 1e6, "MB", at_most=8.0)
    return Result("pictures", [row], {"bytes_a_pixel": measured})


def _file(kind: str, mode: str, options: dict[str, object]) -> bytes:
    noise = Image.effect_noise((SIDE // 8, SIDE // 8), 60).resize((SIDE, SIDE))
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(noise).astype(np.uint16) * 257)
    else:
        picture = noise.convert("RGB").quantize(64) if mode == "P" else noise.convert(mode)
    if mode in ("LA", "RGBA"):
        picture.putalpha(noise)
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _measured(data: bytes) -> tuple[float, float]:
    """The peak and what is reckoned, in bytes."""
    done = subprocess.run([sys.executable, "-c", _READER], input=data, capture_output=True, check=True)
    peak, reckoned = json.loads(done.stdout)
    return peak, reckoned
