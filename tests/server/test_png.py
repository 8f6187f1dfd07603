"""The fast path answers what Pillow answers, and refuses every damaged file."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from server import png
from server.errors import UnusableImage
from tests.digits import Digits, encoded, png_of

pictures = arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)))


@given(pictures, st.integers(0, 9))
def test_pixels_are_pillows(array: np.ndarray, level: int) -> None:
    data = encoded(Image.fromarray(array), "PNG", compress_level=level)
    found = png.read_grey(data, array.shape[1], array.shape[0])
    assert found is not None
    assert np.array_equal(np.asarray(found), np.asarray(Image.open(io.BytesIO(data))))
    assert np.array_equal(np.asarray(found), array)


def test_every_mnist_digit_takes_the_fast_path(digits: Digits) -> None:
    for position in range(200):
        found = png.read_grey(digits.png(position), 28, 28)
        assert found is not None
        assert np.array_equal(np.asarray(found), digits.images[position])


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
    for length in range(8, len(data)):
        with pytest.raises(UnusableImage):
            png.read_grey(data[:length], 28, 28)


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
    assert found is None or np.array_equal(np.asarray(found), array)


def test_a_stream_that_ends_early_behind_right_checksums_is_what_pillow_makes_of_it() -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 28, 28, 8, 0, 0, 0, 0)
    half = zlib.compress((b"\0" + bytes(range(28))) * 14)
    data = png.SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", half) + chunk(b"IEND", b"")
    found = png.read_grey(data, 28, 28)
    assert found is not None
    assert np.array_equal(np.asarray(found), np.asarray(Image.open(io.BytesIO(data))))
