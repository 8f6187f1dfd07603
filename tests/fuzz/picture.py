"""The door for pictures: an input of the model's form, or a sentence; and every way through it gives the same."""

import io

import numpy as np
from PIL import Image

from server.pictures.errors import PictureError
from server.pictures.image import Limits, is_large
from server.pictures.preprocessing import Input, Preprocessing

LIMITS = Limits(pixels=250_000, memory_bytes=8 * 2**20, whole_pixels=100_000)
FORMS = (
    Preprocessing("digit", 28, 28, 1, 2),
    Preprocessing("digit", 28, 28, 1),
    Preprocessing("resize", 8, 8, 1),
    Preprocessing("resize", 9, 7, 3),
)


def seeds() -> list[bytes]:
    ramp = Image.fromarray(np.arange(784, dtype=np.uint8).reshape(28, 28))
    noise = Image.effect_noise((40, 30), 90)
    clear = Image.merge("RGBA", [noise, noise, noise, noise.rotate(180)])
    exif = Image.Exif()
    exif[0x0112] = 6
    pictures: list[tuple[Image.Image, str, dict[str, object]]] = [
        *((ramp, kind, {}) for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP")),
        (noise.resize((8, 8)), "PNG", {}),
        (clear, "PNG", {}),
        (clear, "WEBP", {"lossless": True}),
        (clear.convert("P"), "GIF", {"save_all": True, "append_images": [noise]}),
        (noise.convert("RGB"), "JPEG", {"exif": exif, "progressive": True}),
        (noise.convert("P"), "PNG", {"exif": exif, "transparency": 3}),
        (noise.convert("I;16"), "PNG", {}),
        (noise.convert("1"), "PNG", {"dpi": (72, 72)}),
        (clear, "BMP", {}),
    ]
    made = []
    for picture, kind, options in pictures:
        file = io.BytesIO()
        picture.save(file, kind, **options)
        made.append(file.getvalue())
    return made


def check(data: bytes) -> None:
    is_large(data)
    for form in FORMS:
        found = read(form, data)
        assert found is None or (found.shape, found.dtype.name) == (form.shape, "uint8")
        (ready,) = form.read_ready([data])
        assert ready is None or (found is not None and np.array_equal(ready, found))


def read(form: Preprocessing, data: bytes) -> Input | None:
    """What the model is given; None where a sentence says why it is not."""
    try:
        return form.read(data, LIMITS)
    except PictureError as error:
        if not str(error).isprintable():
            raise ValueError("the sentence can't be read") from error
        return None
