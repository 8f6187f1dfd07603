"""A picture is refused from its header where reading it would take more memory than is given."""

import numpy as np
import pytest
from PIL import Image

from server.pictures import image
from server.pictures.errors import ImageTooLarge
from server.pictures.image import Limits
from tests.digits import encoded

SIZE = (640, 400)
PIXELS = SIZE[0] * SIZE[1]
NOISE = Image.effect_noise(SIZE, 60)


def in_mode(mode: str) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(np.asarray(NOISE).astype(np.uint16) * 257)
    return NOISE.convert("RGB").quantize(64) if mode == "P" else NOISE.convert(mode)


def run_lengths(width: int, height: int) -> bytes:
    """A BMP of run lengths, grey throughout."""
    row = b"".join(bytes([min(255, width - at), 7]) for at in range(0, width, 255)) + b"\0\0"
    data = encoded(Image.new("P", (width, height)), "BMP")
    start = int.from_bytes(data[10:14], "little")
    return data[:30] + (1).to_bytes(4, "little") + data[34:start] + row * height + b"\0\1"


@pytest.mark.parametrize(
    ("kind", "mode", "options", "bytes_a_pixel"),
    [
        ("PNG", "1", {}, 1),
        ("PNG", "L", {}, 1),
        ("PNG", "P", {}, 1),
        ("PNG", "I;16", {}, 2),
        ("PNG", "LA", {}, 4),
        ("PNG", "RGB", {}, 4),
        ("PNG", "RGBA", {}, 4),
        ("GIF", "P", {}, 1),
        ("BMP", "L", {}, 1),
        ("BMP", "RGB", {}, 4),
        ("WEBP", "RGB", {}, 20),
        ("WEBP", "RGBA", {"lossless": True}, 20),
        ("JPEG", "L", {"progressive": True}, 2 + 1 / 4),
        ("JPEG", "RGB", {"progressive": True, "subsampling": 0}, 6 + 1 / 4),
        ("JPEG", "RGB", {"progressive": True, "subsampling": 2}, 3 + 1 / 4),
        ("JPEG", "CMYK", {"progressive": True, "subsampling": 0}, 8 + 4 / 4),
        ("JPEG", "RGB", {}, 1 / 4),
    ],
)
def test_the_memory_is_judged_by_kind_and_mode(
    kind: str, mode: str, options: dict[str, object], bytes_a_pixel: float
) -> None:
    data = encoded(in_mode(mode), kind, **options)
    enough = int(PIXELS * bytes_a_pixel)
    limits = Limits(PIXELS, enough, PIXELS)
    assert image.read(data, 1, limits).size == (320, 200)
    with pytest.raises(ImageTooLarge, match=f"640x400 in mode .* {enough:,} bytes"):
        image.read(data, 1, limits._replace(memory_bytes=enough - 1))


@pytest.mark.parametrize("data", [encoded(NOISE.convert("RGB"), "WEBP"), run_lengths(*SIZE)], ids=["WebP", "BMP"])
def test_a_picture_that_is_handed_over_whole_has_a_limit_of_its_own(data: bytes) -> None:
    limits = Limits(PIXELS, 2**30, PIXELS)
    image.read(data, 1, limits)
    with pytest.raises(ImageTooLarge, match="640x400"):
        image.read(data, 1, limits._replace(whole_pixels=PIXELS - 1))


def test_a_sixteen_bit_picture_of_few_bytes_and_many_pixels() -> None:
    data = encoded(Image.fromarray(np.zeros((6300, 6300), np.uint16)), "PNG")
    assert len(data) < 100_000
    limits = Limits(40_000_000, 2 * 6300 * 6300, 1)
    image.read(data, 1, limits)
    with pytest.raises(ImageTooLarge, match="6300x6300"):
        image.read(data, 1, limits._replace(memory_bytes=2 * 6300 * 6300 - 1))


def test_the_memory_of_a_plain_drawing_is_judged() -> None:
    data = encoded(in_mode("RGBA"), "PNG")
    for memory, taken in ((4 * PIXELS, True), (4 * PIXELS - 1, False)):
        limits = Limits(10**9, memory, 10**9)
        if taken:
            image.read(data, 1, limits)
        else:
            with pytest.raises(ImageTooLarge, match="takes"):
                image.read(data, 1, limits)
