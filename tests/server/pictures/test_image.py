"""One picture, whatever file it came in; and a clear refusal of what is none."""

import contextlib
import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.pictures import image
from server.pictures.errors import ImageTooLarge, PictureError, UnsupportedType, UnusableImage
from server.pictures.preprocessing import Preprocessing
from tests.digits import Digits, encoded

ROOT = Path(__file__).parents[3]
LIMIT = image.Limits(pixels=1_000_000, memory_bytes=2**24, whole_pixels=500_000)
DIGIT = Preprocessing("digit", 28, 28, 1, 2)


def drawn(digits: Digits, position: int = 0) -> Image.Image:
    """A digit as people send it: dark on white, larger than the model's."""
    large = Image.fromarray(digits.images[position]).resize((140, 140), Image.Resampling.BICUBIC)
    return Image.eval(large, lambda level: 255 - level)


def in_every_form(picture: Image.Image) -> dict[str, bytes]:
    """The same grey picture in each file type and mode that is taken."""
    grey = np.asarray(picture)
    ink = Image.merge("LA", (Image.new("L", picture.size, 0), Image.fromarray(255 - grey)))
    sixteen = Image.fromarray(grey.astype(np.uint16) * 257)
    return {
        "8-bit grey": encoded(picture, "PNG"),
        "16-bit grey": encoded(sixteen, "PNG"),
        "grey and alpha": encoded(ink, "PNG"),
        "RGB": encoded(picture.convert("RGB"), "PNG"),
        "RGBA": encoded(ink.convert("RGBA"), "PNG"),
        "palette": encoded(picture.convert("P"), "PNG"),
        "GIF": encoded(picture, "GIF"),
        "BMP": encoded(picture, "BMP"),
        "lossless WebP": encoded(picture.convert("RGB"), "WEBP", lossless=True),
    }


def test_the_same_picture_is_read_the_same_from_every_file(digits: Digits) -> None:
    picture = drawn(digits)
    for form, data in in_every_form(picture).items():
        read = np.asarray(image.read(data, 1, LIMIT), np.int16)
        assert np.abs(read - np.asarray(picture)).max() <= 1, form


def test_lossy_and_two_level_files_still_show_the_digit(digits: Digits) -> None:
    picture = drawn(digits)
    expected = DIGIT.apply(picture).astype(np.int16)
    forms = {
        "JPEG": encoded(picture, "JPEG", quality=90),
        "CMYK JPEG": encoded(picture.convert("CMYK"), "JPEG", quality=90),
        "1-bit": encoded(picture.point(lambda level: 255 * (level > 127)).convert("1"), "PNG"),
    }
    for form, data in forms.items():
        found = DIGIT.apply(image.read(data, 1, LIMIT)).astype(np.int16)
        assert np.abs(found - expected).mean() < 12, form


def test_a_transparent_palette_is_laid_on_white() -> None:
    picture = Image.new("P", (10, 10), 1)
    picture.putpalette([0, 0, 0, 10, 10, 10])
    read = image.read(encoded(picture, "PNG", transparency=1), 1, LIMIT)
    assert np.asarray(read).min() == 255


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(digits: Digits, orientation: int) -> None:
    upright = drawn(digits)
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(turns[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    read = image.read(encoded(stored, "PNG", exif=exif), 1, LIMIT)
    assert np.array_equal(np.asarray(read), np.asarray(upright))


def test_the_first_frame_of_an_animation_counts(digits: Digits) -> None:
    first, second = drawn(digits, 0), drawn(digits, 1)
    data = encoded(first, "GIF", save_all=True, append_images=[second])
    assert np.array_equal(np.asarray(image.read(data, 1, LIMIT)), np.asarray(first))


def test_a_large_picture_is_bounded() -> None:
    data = encoded(Image.effect_noise((900, 600), 40), "PNG")
    assert image.read(data, 1, LIMIT).size == (320, 213)


@pytest.mark.parametrize("size", [(4000, 3), (3, 4000), (700, 1)])
def test_a_strip_of_a_photograph_is_read(size: tuple[int, int]) -> None:
    data = encoded(Image.effect_noise(size, 40), "JPEG")
    assert max(image.read(data, 1, LIMIT).size) <= image.SIDE_LIMIT


def test_too_many_pixels_are_refused_by_the_header_alone() -> None:
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    with pytest.raises(ImageTooLarge, match="50000x50000"):
        image.read(b"\x89PNG\r\n\x1a\n" + chunk, 1, LIMIT)
    with pytest.raises(ImageTooLarge, match="2000x2000"):
        image.read(encoded(Image.new("1", (2000, 2000)), "BMP"), 1, LIMIT)


@pytest.mark.parametrize("kind", ["TIFF", "EPS", "PDF", "ICO", "PPM"])
def test_another_file_type_is_refused(kind: str) -> None:
    with pytest.raises(UnsupportedType):
        image.read(encoded(Image.new("RGB", (32, 32)), kind), 1, LIMIT)


@pytest.mark.parametrize("data", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"PK\x03\x04", b"hello", b"\0" * 100])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedType):
        image.read(data, 1, LIMIT)


def test_an_empty_file_says_so() -> None:
    with pytest.raises(UnusableImage, match="empty"):
        image.read(b"", 1, LIMIT)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_a_file_cut_at_any_byte_is_refused_or_whole(digits: Digits, kind: str) -> None:
    picture = drawn(digits).resize((40, 40))
    data = encoded(picture.convert("RGB") if kind == "WEBP" else picture, kind)
    whole = np.asarray(image.read(data, 1, LIMIT))
    for length in range(len(data)):
        try:
            read = image.read(data[:length], 1, LIMIT)
        except PictureError:  # any of the family will do
            continue
        assert np.array_equal(np.asarray(read), whole), f"{kind} cut to {length} of {len(data)} bytes"


def test_random_damage_never_escapes_as_another_error(digits: Digits, random: np.random.Generator) -> None:
    wholes = [
        encoded(drawn(digits).resize((30, 30)).convert("RGB"), kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP")
    ]
    for trial in range(1000):
        data = bytearray(wholes[trial % len(wholes)])
        for position in random.integers(0, len(data), 1 + trial % 8):
            data[position] = random.integers(0, 256)
        with contextlib.suppress(PictureError):
            image.read(bytes(data), 1 + 2 * (trial % 2), LIMIT)


def test_the_name_of_a_picture_is_its_pixels(digits: Digits) -> None:
    pixels = image.pixels(Image.fromarray(digits.images[0]))
    again = image.pixels(Image.open(io.BytesIO(digits.png(0))))
    assert image.pixels_sha256(pixels) == image.pixels_sha256(again)
    assert image.pixels_sha256(pixels) != image.pixels_sha256(pixels.reshape(14, 56, 1))


def exif_of(*entries: tuple[int, int, bytes], orientation: int = 6) -> bytes:
    """A little-endian EXIF with an orientation and entries of one value: tag, type, its eight bytes."""
    tags = [(0x0112, 3, struct.pack("<HH", orientation, 0)), *entries]
    after = 8 + 2 + 12 * len(tags) + 4
    directory, values = struct.pack("<H", len(tags)), b""
    for tag, kind, value in sorted(tags):
        inline = value if len(value) <= 4 else struct.pack("<I", after + len(values))
        directory += struct.pack("<HHI", tag, kind, 1) + inline
        values += value if len(value) > 4 else b""
    return b"Exif\0\0II*\0\x08\0\0\0" + directory + bytes(4) + values


RATIONAL, SIGNED_RATIONAL = 5, 10
INTACT_BUT_FOR_THE_EXIF = {
    "no TIFF": (b"Exif\0\0nothing like a TIFF file", False),
    "nothing": (b"Exif\0\0", False),
    "cut": (exif_of()[:20], False),
    "an offset out of the file": (b"Exif\0\0II*\0\xff\xff\xff\x7f", False),
    "resolution -1/0": (exif_of((0x011A, SIGNED_RATIONAL, struct.pack("<ii", -1, 0)), (0x0128, 3, b"\2\0\0\0")), True),
    "resolution 0/0": (exif_of((0x011A, RATIONAL, bytes(8)), (0x0128, 3, b"\3\0\0\0")), True),
    "resolution of a wrong type": (exif_of((0x011A, 3, b"\1\0\0\0"), (0x0128, 2, b"x\0\0\0")), True),
    "resolution without end": (exif_of((0x011A, 12, struct.pack("<d", np.inf)), (0x0128, 3, b"\3\0\0\0")), True),
}


@pytest.mark.filterwarnings("ignore:.*EXIF:UserWarning", "ignore:Metadata:UserWarning", "ignore:Truncated:UserWarning")
@pytest.mark.parametrize("what", INTACT_BUT_FOR_THE_EXIF)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_intact_photograph_with_a_broken_exif_is_read(digits: Digits, what: str, kind: str) -> None:
    exif, turned = INTACT_BUT_FOR_THE_EXIF[what]
    picture = drawn(digits).resize((140, 100)).convert("RGB")
    plain = encoded(picture, kind)
    data = encoded(picture, kind, exif=exif)
    if kind == "JPEG":  # a file without JFIF, as of cameras: the resolution is looked for in the EXIF
        start = 4 + int.from_bytes(data[4:6])
        assert data[2:4] == b"\xff\xe0"
        data = data[:2] + data[start:]
    read, expected = image.read(data, 1, LIMIT), image.read(plain, 1, LIMIT)
    if turned:
        expected = expected.transpose(Image.Transpose.ROTATE_270)
    assert read.size == expected.size
    assert np.array_equal(image.pixels(read), image.pixels(expected))


def bmp(picture: Image.Image, alpha: int, header_bytes: int, masks: tuple[int, ...]) -> bytes:
    """A 32-bit BMP, as a clipboard holds it."""
    rgb = np.asarray(picture.convert("RGB"))
    rows = np.dstack([rgb[::-1, :, ::-1], np.full(rgb.shape[:2], alpha, np.uint8)]).tobytes()
    start = struct.pack("<IiiHHIIiiII", header_bytes, *picture.size, 1, 32, 3 if masks else 0, len(rows), 0, 0, 0, 0)
    header = (start + struct.pack(f"<{len(masks)}I", *masks)).ljust(header_bytes, b"\0")
    offset = 14 + len(header)
    return b"BM" + struct.pack("<IHHI", offset + len(rows), 0, 0, offset) + header + rows


BGR = (0xFF0000, 0xFF00, 0xFF)


@pytest.mark.parametrize("alpha", [0, 255])
@pytest.mark.parametrize(
    ("header_bytes", "masks"),
    [(40, ()), (40, BGR), (56, (*BGR, 0xFF000000)), (124, (*BGR, 0xFF000000)), (124, (0,) * 4)],
)
def test_a_bitmap_whose_alpha_is_all_zero_is_opaque(
    digits: Digits, alpha: int, header_bytes: int, masks: tuple[int, ...]
) -> None:
    picture = drawn(digits)
    read = image.read(bmp(picture, alpha, header_bytes, masks), 1, LIMIT)
    assert np.abs(np.asarray(read, np.int16) - np.asarray(picture)).max() <= 1


def test_a_bitmap_that_is_transparent_in_part_is_laid_on_white(digits: Digits) -> None:
    data = bytearray(bmp(drawn(digits), 0, 124, (*BGR, 0xFF000000)))
    data[-1] = 255
    read = image.pixels(image.read(bytes(data), 1, LIMIT))
    assert read.min() == 255  # the one opaque pixel is a white corner


def test_what_takes_long_is_not_read_on_the_event_loop() -> None:
    small, large = (encoded(Image.new("L", (side, side)), "PNG") for side in (320, 321))
    assert not image.is_large(small)
    assert image.is_large(large)
    assert image.is_large(encoded(Image.new("L", (28, 28)), "JPEG"))
    assert image.is_large(b"GIF89a" + bytes(100))


def test_a_file_that_pillow_warns_of_leaves_nothing_in_log_or_memory() -> None:
    """In a process of its own: here warnings are errors."""
    program = r"""
import io
from PIL import Image, TiffImagePlugin
from server.pictures import image
exif = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\0\1\1\x12\0\3\0\0\0\1\0\6"
file = io.BytesIO()
Image.effect_noise((40, 30), 90).save(file, "JPEG", exif=exif)
image.read(file.getvalue(), 1, image.Limits(2**20, 2**24, 2**19))
remembered = getattr(TiffImagePlugin, "__warningregistry__", {})
print([each for each in remembered if each != "version"])
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
