"""The fast path answers what Pillow answers, and refuses every damaged file."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, PngImagePlugin

from server.pictures import digit_1, digit_2, png
from server.pictures.errors import PictureError, UnusableImage
from server.pictures.image import Limits
from server.pictures.preprocessing import Preprocessing
from server.settings import Settings
from tests.digits import Digits, encoded, png_of

LIMITS = Limits.of(Settings())
DIGIT_1, DIGIT_2 = Preprocessing("digit", 28, 28, 1), Preprocessing("digit", 28, 28, 1, 2)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


HEADER = chunk(b"IHDR", struct.pack(">IIBBBBB", 28, 28, 8, 0, 0, 0, 0))
END = chunk(b"IEND", b"")
DIGIT = np.zeros((28, 28), np.uint8)
DIGIT[6:22, 12:16] = 250
PIXELS = zlib.compress(b"".join(b"\0" + row.tobytes() for row in DIGIT))
FILES = {
    "digit": png_of(DIGIT),
    "blank": png_of(np.zeros((28, 28), np.uint8)),
    "light": png_of(255 - DIGIT),
    "cut": png_of(DIGIT)[:-20],
    "rgb": encoded(Image.fromarray(DIGIT).convert("RGB"), "PNG"),
    "other size": encoded(Image.fromarray(DIGIT).resize((60, 50)), "PNG"),
    "split": png.SIGNATURE + HEADER + chunk(b"IDAT", PIXELS[:30]) + chunk(b"IDAT", PIXELS[30:]) + END,
    "chatty": png.SIGNATURE + HEADER + chunk(b"tEXt", b"Title\0a digit") + chunk(b"IDAT", PIXELS) + END,
    "no picture": b"hello",
}

pictures = arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)))


@given(pictures, st.integers(0, 9))
def test_pixels_are_pillows(array: np.ndarray, level: int) -> None:
    data = encoded(Image.fromarray(array), "PNG", compress_level=level)
    found = png.read_grey(data, array.shape[1], array.shape[0])
    assert found is not None
    assert found == Image.open(io.BytesIO(data)).tobytes()
    assert found == array.tobytes()


@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3, 4]))))
def test_a_plain_picture_is_pillows(array: np.ndarray) -> None:
    data = encoded(Image.fromarray(array.squeeze(axis=2) if array.shape[2] == 1 else array), "PNG")
    found, expected = png.read_plain(data), Image.open(io.BytesIO(data))
    assert found is not None
    assert (found.mode, found.size, found.tobytes()) == (expected.mode, expected.size, expected.tobytes())


@pytest.mark.parametrize("mode", ["1", "P", "LA", "I;16"])
def test_a_picture_that_is_not_plain_is_left_to_pillow(mode: str) -> None:
    image = Image.new(mode, (28, 28)) if mode == "I;16" else Image.new("L", (28, 28)).convert(mode)
    assert png.read_plain(encoded(image, "PNG")) is None


def test_a_chunk_that_changes_the_picture_is_left_to_pillow() -> None:
    image = Image.new("RGB", (28, 28))
    assert png.read_plain(encoded(image, "PNG", transparency=(0, 0, 0))) is None
    exif = Image.Exif()
    exif[0x0112] = 6
    assert png.read_plain(encoded(image, "PNG", exif=exif)) is None
    assert png.read_plain(encoded(image, "PNG", dpi=(72, 72))) is not None


def test_a_plain_picture_cut_anywhere_is_refused() -> None:
    data = encoded(Image.effect_noise((20, 20), 50).convert("RGBA"), "PNG")
    for length in range(8, len(data)):
        with pytest.raises(UnusableImage):
            png.read_plain(data[:length])


def test_every_mnist_digit_takes_the_fast_path(digits: Digits) -> None:
    for position in range(200):
        found = png.read_grey(digits.png(position), 28, 28)
        assert found is not None
        assert found == digits.images[position].tobytes()


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGB", "RGBA", "I;16"])
def test_another_mode_is_left_to_pillow(mode: str) -> None:
    image = Image.new(mode, (28, 28)) if mode == "I;16" else Image.new("L", (28, 28)).convert(mode)
    assert png.read_grey(encoded(image, "PNG"), 28, 28) is None


def test_another_size_and_transparency_are_left_to_pillow() -> None:
    image = Image.new("L", (28, 28))
    assert png.read_grey(encoded(image, "PNG"), 28, 27) is None
    assert png.read_grey(encoded(image, "PNG", transparency=0), 28, 28) is None


def test_an_image_cut_anywhere_is_refused(digits: Digits) -> None:
    data = digits.png(0)
    for length in range(len(data)):
        if length < 33:  # too short to say what it is
            assert png.read_grey(data[:length], 28, 28) is None
        else:
            with pytest.raises(UnusableImage):
                png.read_grey(data[:length], 28, 28)
        with pytest.raises(PictureError):
            DIGIT_2.read(data[:length], LIMITS)


@settings(max_examples=50)
@given(
    st.lists(st.sampled_from(["digit", "blank", "light", "cut", "rgb", "other size", "split", "chatty", "no picture"]))
)
def test_many_files_are_read_as_each_alone(kinds: list[str]) -> None:
    files = [FILES[kind] for kind in kinds]
    for preprocessing in (DIGIT_1, DIGIT_2, Preprocessing("resize", 28, 28, 1)):
        for kind, data, found in zip(kinds, files, preprocessing.read_ready(files), strict=True):
            assert found is None or np.array_equal(found, preprocessing.read(data, LIMITS))
            assert found is not None or kind not in ("digit", "split", "chatty")


@given(arrays(np.uint8, st.tuples(st.integers(1, 4), st.integers(1, 30), st.integers(1, 30))))
def test_many_pictures_are_judged_as_each_alone(greys: np.ndarray) -> None:
    for digit in (digit_1, digit_2):
        alone = [digit.is_normal(grey.tobytes(), grey.shape[1]) for grey in greys]
        assert digit.are_normal(greys).tolist() == alone


@settings(max_examples=300)
@given(st.data())
def test_any_flipped_bit_is_refused_or_harmless(data: st.DataObject) -> None:
    array = np.arange(784, dtype=np.uint8).reshape(28, 28)
    whole = bytearray(png_of(array))
    position = data.draw(st.integers(8, len(whole) - 1))
    whole[position] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = png.read_grey(bytes(whole), 28, 28)
    except UnusableImage:
        return
    assert found is None or found == array.tobytes()


def test_a_stream_that_ends_early_behind_right_checksums_is_what_pillow_makes_of_it() -> None:
    half = zlib.compress((b"\0" + bytes(range(28))) * 14)
    data = png.SIGNATURE + HEADER + chunk(b"IDAT", half) + END
    found = png.read_grey(data, 28, 28)
    assert found is not None
    assert found == Image.open(io.BytesIO(data)).tobytes()


def broken(data: bytes, kind: bytes) -> bytes:
    """The file with a wrong checksum behind the first chunk of that kind."""
    at = data.index(kind)
    stop = at + 4 + int.from_bytes(data[at - 4 : at])
    return data[:stop] + bytes([data[stop] ^ 1]) + data[stop + 1 :]


@pytest.mark.parametrize("kind", [b"IHDR", b"IDAT", b"tEXt"])
@pytest.mark.parametrize(("side", "mode"), [(28, "L"), (40, "RGBA"), (28, "P")])
def test_a_wrong_checksum_is_refused_on_every_way(digits: Digits, side: int, mode: str, kind: bytes) -> None:
    """Also where the pixels are whole."""
    picture = Image.fromarray(digits.images[0]).resize((side, side)).convert(mode)
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "x")
    whole = encoded(picture, "PNG", **({"pnginfo": words} if kind == b"tEXt" else {}))
    preprocessing = Preprocessing("digit", 28, 28, 1)
    preprocessing.read(whole, LIMITS)
    with pytest.raises(UnusableImage, match="checksum"):
        preprocessing.read(broken(whole, kind), LIMITS)


def test_pixels_that_end_early_behind_right_checksums_are_refused() -> None:
    data = png.SIGNATURE + HEADER + chunk(b"IDAT", PIXELS[: len(PIXELS) // 2]) + END
    with pytest.raises(UnusableImage, match="damaged or cut"):
        png.read_grey(data, 28, 28)
